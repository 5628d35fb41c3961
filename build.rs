//! Compiles `proto/` to Rust, without a protoc on the machine, and keeps the
//! descriptors (comments included) for reflection. Lists the migrations with their SQL.

use std::{env, error::Error, fs, path::PathBuf};

use protox::Compiler;

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
    tonic_prost_build::configure()
        .extern_path(".google.rpc", "::tonic_types::pb")
        .extern_path(".google.type.Date", "crate::proto::Date")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
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
