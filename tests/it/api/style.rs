//! The style of the contract.

use std::collections::BTreeSet;

use minicrm::{access::table::TABLE, platform::grpc::idempotent::METHODS};
use prost_types::{DescriptorProto, EnumDescriptorProto, field_descriptor_proto::Label};

use super::{PACKAGE, enums, files, messages, methods, real_oneof};

#[test]
fn every_element_has_a_comment() {
    for file in files() {
        let info = file.source_code_info.clone().unwrap();
        let commented: BTreeSet<_> = info
            .location
            .iter()
            .filter(|place| !place.leading_comments().trim().is_empty())
            .map(|place| place.path.clone())
            .collect();
        let mut bare = Vec::new();
        let mut check = |path: Vec<i32>, name: String| {
            if !commented.contains(&path) {
                bare.push(name);
            }
        };
        for (s, service) in (0..).zip(&file.service) {
            check(vec![6, s], service.name().to_owned());
            for (m, method) in (0..).zip(&service.method) {
                check(
                    vec![6, s, 2, m],
                    format!("{}.{}", service.name(), method.name()),
                );
            }
        }
        for (m, message) in (0..).zip(&file.message_type) {
            check_message(&mut check, vec![4, m], message);
        }
        for (e, each) in (0..).zip(&file.enum_type) {
            check_enum(&mut check, vec![5, e], each);
        }
        assert_eq!(bare, [""; 0], "in {}", file.name());
    }
}

fn check_message(
    check: &mut impl FnMut(Vec<i32>, String),
    path: Vec<i32>,
    message: &DescriptorProto,
) {
    let at = |kind, index| [&path[..], &[kind, index]].concat();
    for (f, field) in (0..).zip(&message.field) {
        check(at(2, f), format!("{}.{}", message.name(), field.name()));
    }
    let real: BTreeSet<_> = message.field.iter().filter_map(real_oneof).collect();
    for (o, oneof) in message
        .oneof_decl
        .iter()
        .enumerate()
        .filter(|(o, _)| real.contains(o))
    {
        let o = i32::try_from(o).unwrap();
        check(at(8, o), format!("{}.{}", message.name(), oneof.name()));
    }
    for (n, nested) in (0..).zip(&message.nested_type) {
        check_message(check, at(3, n), nested);
    }
    for (e, each) in (0..).zip(&message.enum_type) {
        check_enum(check, at(4, e), each);
    }
    check(path, message.name().to_owned());
}

fn check_enum(
    check: &mut impl FnMut(Vec<i32>, String),
    path: Vec<i32>,
    each: &EnumDescriptorProto,
) {
    for (v, value) in (0..).zip(&each.value) {
        check([&path[..], &[2, v]].concat(), value.name().to_owned());
    }
    check(path, each.name().to_owned());
}

#[test]
fn methods_and_their_messages_are_named_alike() {
    let files = files();
    let messages = messages(&files);
    for (service, method) in methods(&files) {
        let name = method.name();
        assert!(service.ends_with("Service"), "{service}");
        assert_eq!(method.input_type(), format!(".{PACKAGE}.{name}Request"));
        let response = format!(".{PACKAGE}.{name}Response");
        let resource = ["Get", "Create", "Update", "Delete"]
            .iter()
            .find_map(|verb| name.strip_prefix(verb))
            .map(|noun| format!(".{PACKAGE}.{noun}"))
            .filter(|resource| messages.contains_key(resource));
        match resource {
            // Intake answers with the lead and the operator too, and the secret of a
            // key is no part of it.
            Some(_) if ["CreateContact", "CreateApiKey"].contains(&name) => {
                assert_eq!(method.output_type(), response);
            }
            // A comment is one of the things that happen to a deal.
            Some(_) if name == "CreateComment" => {
                assert_eq!(method.output_type(), format!(".{PACKAGE}.Activity"));
            }
            Some(_) if method.output_type() == ".google.protobuf.Empty" => {
                assert!(name.starts_with("Delete"), "{name}");
            }
            Some(resource) => assert_eq!(method.output_type(), resource, "{name}"),
            // Its own response, or what it is about.
            None => {
                let output = method.output_type();
                let other = !output.ends_with("Response") && !output.ends_with("Request");
                assert!(output == response || other, "{name}");
            }
        }
    }
}

#[test]
fn lists_have_pages_and_writes_have_request_ids() {
    let files = files();
    let messages = messages(&files);
    let field = |message: &str, name: &str| {
        let fields = &messages[message].field;
        fields.iter().find(|field| field.name() == name).cloned()
    };
    for (service, method) in methods(&files) {
        let (name, input, output) = (method.name(), method.input_type(), method.output_type());
        if name.starts_with("List") {
            assert!(field(input, "page_size").is_some(), "{name}");
            assert!(field(input, "page_token").is_some(), "{name}");
            assert!(field(output, "next_page_token").is_some(), "{name}");
            assert!(field(input, "include_total").is_some(), "{name}");
            assert!(field(output, "total_size").is_some(), "{name}");
            let bound = field(output, "total_size_is_lower_bound");
            assert!(bound.is_some(), "{name}");
            let first = messages[output]
                .field
                .iter()
                .find(|field| field.number() == 1);
            assert_eq!(first.unwrap().label(), Label::Repeated, "{name}");
        }
        let reads = ["Get", "List", "Lookup", "Preview", "Export"];
        // There is no organization yet that could keep their answers.
        let alone = service == "AuthService";
        let writes = !reads.iter().any(|verb| name.starts_with(verb)) && !alone;
        assert_eq!(field(input, "request_id").is_some(), writes, "{name}");
    }
}

/// Ids are told apart by the method's name, which is stored: it is the one in the table of
/// grants, of each method whose requests have a `request_id`.
#[test]
fn idempotency_keys_are_of_their_method() {
    let files = files();
    let messages = messages(&files);
    let has_id = |message: &str| {
        let mut fields = messages[message].field.iter();
        fields.any(|field| field.name() == "request_id")
    };
    let mut writes: Vec<_> = methods(&files)
        .filter(|(_, method)| has_id(method.input_type()))
        .map(|(_, method)| method.name())
        .collect();
    writes.sort_unstable();
    assert_eq!(METHODS, writes);
    for method in METHODS {
        assert!(TABLE.iter().any(|row| row.method == *method), "{method}");
    }
}

#[test]
fn the_values_of_an_enum_bear_its_name() {
    for (_, each) in enums(&files()) {
        let mut prefix = String::new();
        for letter in each.name().chars() {
            if letter.is_uppercase() && !prefix.is_empty() {
                prefix.push('_');
            }
            prefix.extend(letter.to_uppercase());
        }
        assert_eq!(each.value[0].number(), 0);
        assert_eq!(each.value[0].name(), format!("{prefix}_UNSPECIFIED"));
        for value in &each.value {
            assert!(
                value.name().starts_with(&format!("{prefix}_")),
                "{}",
                value.name()
            );
        }
    }
}
