//! `api.md`: the comments of the proto files.

use std::{collections::HashSet, fmt::Write};

use minicrm::proto::DESCRIPTOR;
use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, ServiceDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

use super::{
    assert_page,
    comments::{Comments, ENUM, MEMBER, MESSAGE, Names, ONEOF, SERVICE},
};

const PACKAGE: &str = "minicrm.v1";

const INTRODUCTION: &str = "\
# API

The package `minicrm.v1`, made of the comments in [`proto/minicrm/v1`](../../proto/minicrm/v1), which are the same. A method is
followed by what it takes and gives; things that several of them have are [at the end](#shared). Who may call what is in
[permissions](permissions.md), what can go wrong in [errors](errors.md).

";

/// A file that is being written down.
struct Page<'a> {
    file: &'a FileDescriptorProto,
    comments: Comments<'a>,
    names: &'a Names,
    text: String,
    /// Messages that are written down already.
    done: HashSet<&'a str>,
}

/// The name of a type without its package.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

impl<'a> Page<'a> {
    fn service(&mut self, number: i32, service: &'a ServiceDescriptorProto) {
        let about = self.comments.block(&[SERVICE, number]);
        let _ = write!(self.text, "\n## {}\n\n{about}\n", service.name());
        for (method, at) in service.method.iter().zip(0..) {
            let about = self.comments.block(&[SERVICE, number, MEMBER, at]);
            let takes = self.names.link(short(method.input_type()));
            let gives = self.names.link(short(method.output_type()));
            let _ = write!(
                self.text,
                "\n### {}/{}\n\n{takes} → {gives}\n\n{about}\n",
                service.name(),
                method.name()
            );
            for name in [method.input_type(), method.output_type()] {
                self.message(short(name));
            }
        }
    }

    /// A message of this file, unless it is written down already.
    fn message(&mut self, name: &str) {
        let mut all = self.file.message_type.iter().zip(0..);
        if let Some((message, number)) = all.find(|(message, _)| message.name() == name)
            && self.done.insert(message.name())
        {
            let about = self.comments.block(&[MESSAGE, number]);
            let _ = write!(self.text, "\n#### {name}\n\n{about}\n\n");
            self.fields(number, message);
            let within = message.nested_type.len() + message.enum_type.len();
            assert_eq!(
                within, 0,
                "{name} has types in it, which would not be shown"
            );
        }
    }

    fn fields(&mut self, number: i32, message: &DescriptorProto) {
        let mut oneof = None;
        for (field, at) in message.field.iter().zip(0..) {
            let within = field.oneof_index.filter(|_| !field.proto3_optional());
            if let Some(index) = within.filter(|_| within != oneof) {
                let name = message.oneof_decl[usize::try_from(index).unwrap()].name();
                let about = self.comments.item(&[MESSAGE, number, ONEOF, index], "");
                let _ = writeln!(self.text, "- one of **{name}**: {about}");
            }
            oneof = within;
            let indent = if within.is_some() { "  " } else { "" };
            let about = self.comments.item(&[MESSAGE, number, MEMBER, at], indent);
            let kind = self.kind(field);
            let _ = writeln!(self.text, "{indent}- **{}**, {kind}: {about}", field.name());
        }
        if message.field.is_empty() {
            self.text.push_str("It has no fields.\n");
        }
    }

    fn kind(&self, field: &FieldDescriptorProto) -> String {
        let name = match field.r#type() {
            Type::Message | Type::Enum => {
                let full = field.type_name().trim_start_matches('.');
                let own = full.strip_prefix(PACKAGE).is_some();
                self.names.link(if own { short(full) } else { full })
            }
            scalar => format!("`{}`", scalar.as_str_name()[5..].to_lowercase()),
        };
        match field.label() {
            Label::Repeated => format!("list of {name}"),
            _ if field.proto3_optional() => format!("optional {name}"),
            _ => name,
        }
    }

    fn values(&mut self, number: i32, values: &EnumDescriptorProto) {
        let about = self.comments.block(&[ENUM, number]);
        let _ = write!(self.text, "\n#### {}\n\n{about}\n\n", values.name());
        for (value, at) in values.value.iter().zip(0..) {
            let about = self.comments.item(&[ENUM, number, MEMBER, at], "");
            let _ = writeln!(self.text, "- `{}`: {about}", value.name());
        }
    }

    /// What is left when the methods have had theirs.
    fn rest(&mut self) {
        for message in &self.file.message_type {
            self.message(message.name());
        }
        for (values, number) in self.file.enum_type.iter().zip(0..) {
            self.values(number, values);
        }
    }
}

fn names(files: &[FileDescriptorProto]) -> Names {
    let mut names = Names::default();
    let mut add = |name: &str| assert!(names.types.insert(name.to_owned()), "{name} twice");
    for file in files {
        file.message_type.iter().for_each(|it| add(it.name()));
        file.enum_type.iter().for_each(|it| add(it.name()));
    }
    for service in files.iter().flat_map(|file| &file.service) {
        for method in &service.method {
            let service = service.name().to_owned();
            names.methods.insert(method.name().to_owned(), service);
        }
    }
    names
}

#[test]
fn the_api_is_what_the_comments_say() {
    let set = FileDescriptorSet::decode(DESCRIPTOR).unwrap();
    let own = |file: &FileDescriptorProto| file.package() == PACKAGE;
    let mut files: Vec<_> = set.file.into_iter().filter(own).collect();
    files.sort_by_key(|file| (file.service.is_empty(), file.name().to_owned()));
    let names = names(&files);
    let mut text = INTRODUCTION.to_owned();
    for service in files.iter().flat_map(|file| &file.service) {
        let methods = service.method.iter();
        let methods: Vec<_> = methods.map(|method| names.link(method.name())).collect();
        let anchor = service.name().to_lowercase();
        let name = service.name();
        let _ = writeln!(text, "- [{name}](#{anchor}): {}", methods.join(", "));
    }
    for file in &files {
        let mut page = Page {
            file,
            comments: Comments::new(file, &names),
            names: &names,
            text: String::new(),
            done: HashSet::new(),
        };
        for (service, number) in file.service.iter().zip(0..) {
            page.service(number, service);
        }
        if file.service.is_empty() {
            page.text.push_str("\n## Shared\n");
        }
        page.rest();
        text.push_str(&page.text);
    }
    assert_page("api.md", &text);
}
