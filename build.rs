//! Compiles `proto/` to Rust, without a protoc on the machine, and keeps the
//! descriptors (comments included) for reflection. Says of messages what the compiler of
//! protos does not: which fields are output only, which requests have a `request_id`.
//! Lists the migrations with their SQL.

use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

use protox::{
    Compiler,
    prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor, Value},
};

/// `google.api.FieldBehavior.OUTPUT_ONLY`.
const OUTPUT_ONLY: i32 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    println!("cargo::rerun-if-changed=migrations");

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    fs::write(out.join("migrations.rs"), migrations()?)?;

    let mut compiler = Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true);
    for entry in fs::read_dir("proto/minicrm/v1")? {
        compiler.open_file(entry?.path())?;
    }

    fs::write(
        out.join("minicrm.bin"),
        compiler.encode_file_descriptor_set(),
    )?;
    let pool = compiler.descriptor_pool();
    fs::write(out.join("resources.rs"), resources(&pool)?)?;
    fs::write(out.join("idempotent.rs"), idempotent(&pool)?)?;
    tonic_prost_build::configure()
        .extern_path(".google.rpc", "::tonic_types::pb")
        .extern_path(".google.type.Date", "crate::proto::Date")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// The messages of the contract.
fn messages(pool: &DescriptorPool) -> impl Iterator<Item = MessageDescriptor> + '_ {
    pool.all_messages().filter(|message| {
        message.package_name() == "minicrm.v1" && message.parent_message().is_none()
    })
}

/// The fields of each message that has some that are output only, as Rust.
fn resources(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let behavior = pool
        .get_extension_by_name("google.api.field_behavior")
        .ok_or("no field_behavior")?;
    let is_output_only = |field: &FieldDescriptor| {
        let options = field.options();
        let values = options.get_extension(&behavior);
        let mut values = values.as_list().unwrap_or_default().iter();
        values.any(|value| *value == Value::EnumNumber(OUTPUT_ONLY))
    };
    let mut rust = String::new();
    for message in messages(pool) {
        let name = message.name().to_owned();
        let names = |fields: Vec<FieldDescriptor>| -> Vec<String> {
            fields.iter().map(|field| field.name().to_owned()).collect()
        };
        let output_only = names(message.fields().filter(is_output_only).collect());
        if !output_only.is_empty() {
            let all = names(message.fields().collect());
            write!(
                rust,
                "impl Resource for crate::proto::{name} {{
                    const FIELDS: &'static [&'static str] = &{all:?};
                    const OUTPUT_ONLY: &'static [&'static str] = &{output_only:?};
                }}\n"
            )?;
        }
    }
    Ok(rust)
}

/// The method and the `request_id` of each request that has one, as Rust.
fn idempotent(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut rust = String::new();
    let mut methods = Vec::new();
    for message in messages(pool) {
        let name = message.name();
        let has_id = message.get_field_by_name("request_id").is_some();
        if let (Some(method), true) = (name.strip_suffix("Request"), has_id) {
            methods.push(method.to_owned());
            write!(
                rust,
                "impl IdempotentRequest for crate::proto::{name} {{
                    const METHOD: &'static str = {method:?};
                    fn request_id(&self) -> &str {{ &self.request_id }}
                }}\n"
            )?;
        }
    }
    methods.sort_unstable();
    writeln!(
        rust,
        "/// The methods whose requests have a `request_id`.
        pub const METHODS: &[&str] = &{methods:?};"
    )?;
    Ok(rust)
}

/// The name of each migration and what it does, as Rust.
fn migrations() -> Result<String, Box<dyn Error>> {
    let root = env::current_dir()?.join("migrations");
    let mut texts = Vec::new();
    for entry in fs::read_dir(&root)? {
        let entry = entry?;
        let file = entry.path().join("up.sql");
        if file.is_file() {
            let name = entry.file_name().display().to_string();
            let file = file.display().to_string();
            texts.push(format!("({name:?}, include_str!({file:?}))"));
        }
    }
    texts.sort_unstable();
    Ok(format!("&[{}]", texts.join(",")))
}
