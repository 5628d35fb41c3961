//! The contract only grows (`proto/api.lock` holds it, a line for each thing
//! that clients rely on), and all of it is of one style.

use std::{
    collections::{BTreeSet, HashMap},
    env, fs,
};

use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, MethodDescriptorProto, field_descriptor_proto::Label,
};

mod style;

const LOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/api.lock");
const PACKAGE: &str = "minicrm.v1";

/// The files of the contract.
fn files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(minicrm::proto::DESCRIPTOR).unwrap();
    let own = |file: &FileDescriptorProto| file.package() == PACKAGE;
    set.file.into_iter().filter(own).collect()
}

fn methods(files: &[FileDescriptorProto]) -> impl Iterator<Item = (&str, &MethodDescriptorProto)> {
    let services = files.iter().flat_map(|file| &file.service);
    services.flat_map(|service| service.method.iter().map(|method| (service.name(), method)))
}

/// All messages by full name, those in others too.
fn messages(files: &[FileDescriptorProto]) -> HashMap<String, &DescriptorProto> {
    fn add<'a>(
        found: &mut HashMap<String, &'a DescriptorProto>,
        scope: &str,
        message: &'a DescriptorProto,
    ) {
        let name = format!("{scope}.{}", message.name());
        for nested in &message.nested_type {
            add(found, &name, nested);
        }
        found.insert(name, message);
    }
    let mut found = HashMap::new();
    for message in files.iter().flat_map(|file| &file.message_type) {
        add(&mut found, &format!(".{PACKAGE}"), message);
    }
    found
}

/// All enums, each with the scope it is in.
fn enums(files: &[FileDescriptorProto]) -> Vec<(String, &EnumDescriptorProto)> {
    let outer = files.iter().flat_map(|file| &file.enum_type);
    let outer = outer.map(|outer| (format!(".{PACKAGE}"), outer));
    let inner = messages(files).into_iter().flat_map(|(name, message)| {
        message
            .enum_type
            .iter()
            .map(move |inner| (name.clone(), inner))
    });
    outer.chain(inner).collect()
}

/// The contract, a line for each thing that clients rely on.
fn lines() -> BTreeSet<String> {
    let files = files();
    let mut lines = BTreeSet::new();
    for (service, method) in methods(&files) {
        let stream = |streaming| if streaming { "stream " } else { "" };
        lines.insert(format!(
            "rpc {PACKAGE}.{service}/{} {}{} -> {}{}",
            method.name(),
            stream(method.client_streaming()),
            &method.input_type()[1..],
            stream(method.server_streaming()),
            &method.output_type()[1..],
        ));
    }
    for (name, message) in messages(&files) {
        for field in &message.field {
            lines.insert(field_line(&name[1..], message, field));
        }
        for range in &message.reserved_range {
            lines.insert(format!(
                "reserved {} {}..{}",
                &name[1..],
                range.start(),
                range.end()
            ));
        }
        for reserved in &message.reserved_name {
            lines.insert(format!("reserved {} {reserved}", &name[1..]));
        }
    }
    for (scope, each) in enums(&files) {
        for value in &each.value {
            let name = format!("{}.{}", &scope[1..], each.name());
            lines.insert(format!("enum {name} {} = {}", value.name(), value.number()));
        }
    }
    lines
}

fn field_line(name: &str, message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let kind = match field.type_name() {
        "" => field
            .r#type()
            .as_str_name()
            .trim_start_matches("TYPE_")
            .to_lowercase(),
        name => name[1..].to_owned(),
    };
    let cardinality = match field.label() {
        Label::Repeated => "repeated",
        _ if field.proto3_optional() => "optional",
        _ => "singular",
    };
    let oneof = match real_oneof(field) {
        Some(index) => format!(" oneof {}", message.oneof_decl[index].name()),
        None => String::new(),
    };
    format!(
        "field {name} {} = {} {kind} {cardinality}{oneof}",
        field.name(),
        field.number()
    )
}

fn real_oneof(field: &FieldDescriptorProto) -> Option<usize> {
    let index = field.oneof_index.filter(|_| !field.proto3_optional())?;
    usize::try_from(index).ok()
}

#[test]
fn the_api_only_grows() {
    let now = lines();
    let read = fs::read_to_string(LOCK).unwrap_or_default();
    let mut locked: BTreeSet<_> = read.lines().map(str::to_owned).collect();
    if env::var_os("UPDATE_API_LOCK").is_some() {
        locked.extend(now.iter().cloned());
        let sorted: Vec<_> = locked.iter().map(String::as_str).collect();
        fs::write(LOCK, sorted.join("\n") + "\n").unwrap();
    } else {
        let sorted: Vec<_> = locked.iter().collect();
        assert!(read.lines().eq(sorted), "{LOCK} is not sorted");
    }
    let gone: Vec<_> = locked.difference(&now).map(String::as_str).collect();
    assert!(
        gone.is_empty(),
        "clients rely on these lines of proto/api.lock; what nobody can rely on \
         any more is deleted there by hand and `reserved` in the proto:\n{}",
        gone.join("\n")
    );
    let new: Vec<_> = now.difference(&locked).map(String::as_str).collect();
    assert!(
        new.is_empty(),
        "new in the API; `UPDATE_API_LOCK=1 cargo test api` adds it to proto/api.lock:\n{}",
        new.join("\n")
    );
}
