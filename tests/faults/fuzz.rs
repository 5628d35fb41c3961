//! Requests that nobody would send: any bytes, and any messages of the contract.
//! None of them is a fault of the service.

use std::{cell::Cell, collections::HashMap, sync::LazyLock};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use minicrm::{access::table::TABLE, proto::ApiKeyAccess};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};
use prost::encoding::{self, DecodeContext, WireType};
use prost_types::{
    DescriptorProto, FieldDescriptorProto,
    field_descriptor_proto::{Label, Type},
};
use tokio::runtime::Runtime;
use tonic::{Code, Status};

use crate::{
    rounds,
    support::{App, messages, operator},
};

static MESSAGES: LazyLock<HashMap<String, DescriptorProto>> = LazyLock::new(messages);

/// How deep messages are within each other.
const DEPTH: usize = 4;

/// The fields of a message.
fn fields(name: &str) -> &'static [FieldDescriptorProto] {
    MESSAGES.get(name).map_or(&[], |message| &message.field)
}

fn request(method: &str) -> String {
    format!(".minicrm.v1.{method}Request")
}

/// Texts, those that mean something among them.
fn text(known: &[String]) -> BoxedStrategy<String> {
    let odd = [
        "*",
        "name",
        "create_time desc",
        "amount",
        "EUR",
        "1e9",
        "-0.001",
        "NaN",
        "+49301234567",
        "a@b.c",
        "%",
        "\0",
        "\u{202e}",
        "\u{1f600}",
        "9999-12-31",
        "Europe/Berlin",
    ];
    let odd: Vec<_> = odd.map(str::to_owned).to_vec();
    prop_oneof![
        4 => select(known.to_vec()),
        2 => any::<String>(),
        2 => select(odd),
        1 => any::<u128>().prop_map(|id| uuid::Uuid::from_u128(id).to_string()),
        1 => (0..20_000_usize).prop_map(|length| "x".repeat(length)),
    ]
    .boxed()
}

/// Integers, the extremes among them.
fn number() -> BoxedStrategy<u64> {
    let extremes = [0, 1, u64::MAX, 1 << 31, 1 << 63, (1 << 63) - 1];
    prop_oneof![select(extremes.to_vec()), any::<u64>(), 0..100_u64].boxed()
}

/// A value of this field, with its key.
fn value(field: &FieldDescriptorProto, known: &[String], depth: usize) -> BoxedStrategy<Vec<u8>> {
    let tag = u32::try_from(field.number()).unwrap();
    let varint = move |value: u64| {
        let mut bytes = Vec::new();
        encoding::encode_key(tag, WireType::Varint, &mut bytes);
        encoding::encode_varint(value, &mut bytes);
        bytes
    };
    let delimited = move |inner: Vec<u8>| {
        let mut bytes = Vec::new();
        encoding::bytes::encode(tag, &inner, &mut bytes);
        bytes
    };
    match field.r#type() {
        Type::String => text(known)
            .prop_map(String::into_bytes)
            .prop_map(delimited)
            .boxed(),
        Type::Bytes => any::<Vec<u8>>().prop_map(delimited).boxed(),
        Type::Message if depth < DEPTH => message(field.type_name(), known, depth + 1)
            .prop_map(delimited)
            .boxed(),
        Type::Message => Just(Vec::new()).boxed(),
        Type::Bool => (0..2_u64).prop_map(varint).boxed(),
        Type::Enum => prop_oneof![0..8_u64, number()].prop_map(varint).boxed(),
        Type::Double => any::<f64>()
            .prop_map(move |value| {
                let mut bytes = Vec::new();
                encoding::double::encode(tag, &value, &mut bytes);
                bytes
            })
            .boxed(),
        _ => number().prop_map(varint).boxed(),
    }
}

/// A message of this type.
fn message(name: &str, known: &[String], depth: usize) -> BoxedStrategy<Vec<u8>> {
    let fields: Vec<_> = fields(name)
        .iter()
        .map(|field| {
            let value = value(field, known, depth);
            if field.label() == Label::Repeated {
                vec(value, 0..3).prop_map(|values| values.concat()).boxed()
            } else {
                option::weighted(0.7, value)
                    .prop_map(Option::unwrap_or_default)
                    .boxed()
            }
        })
        .collect();
    fields.prop_map(|fields| fields.concat()).boxed()
}

/// These bytes, some of them changed, and maybe not all of them.
fn damaged(bytes: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<Index>(), any::<u8>()), 0..4);
    (bytes, changes, any::<Index>(), any::<bool>()).prop_map(|(mut bytes, changes, end, whole)| {
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        if !whole {
            bytes.truncate(end.index(bytes.len() + 1));
        }
        bytes
    })
}

/// A server whose caller owns an organization with something of everything, and
/// the ids of it.
async fn world() -> (App, Vec<String>) {
    let app = App::secure().await;
    let person = app.user("eve@example.org").await;
    let organization = app.organization(&person).await;
    let app = app.of(&person, &organization);
    let mut known = vec![person.id, person.email, organization.id, "bot".to_owned()];
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    app.source("form", &[]).await;
    app.operator(operator("Bob")).await;
    for _ in 0..3 {
        let deal = app.deal("Deal").await;
        let task = app.task(&deal, "Task").await;
        app.comment(&deal, "Comment").await.unwrap();
        let contact = app.contact(&source).await;
        app.reassign(&contact).await.unwrap();
        app.key(ApiKeyAccess::Read).await;
        known.extend([deal.id, deal.lead_id, task.id, contact.id, contact.lead_id]);
    }
    known.extend([ann.id, source.id]);
    (app, known)
}

fn runner(cases: usize) -> TestRunner {
    TestRunner::new(Config {
        cases: u32::try_from(cases).unwrap(),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    })
}

/// Whether an answer is one that a caller can do something with.
fn judge(method: &str, outcome: &Result<Vec<u8>, Status>) -> Result<(), TestCaseError> {
    if let Err(status) = outcome {
        let fault = [
            Code::Internal,
            Code::Unknown,
            Code::DataLoss,
            Code::Cancelled,
        ];
        prop_assert!(!fault.contains(&status.code()), "{method}: {status:?}");
    }
    Ok(())
}

/// Mutant: a text that goes to Postgres with a zero in it.
#[test]
fn no_request_is_a_fault() {
    let runtime = Runtime::new().unwrap();
    let (app, known) = runtime.block_on(world());
    let accepted = Cell::new(0);
    for row in TABLE {
        let valid = message(&request(row.method), &known, 0);
        let bytes = prop_oneof![
            6 => valid.clone(),
            2 => damaged(valid),
            1 => any::<Vec<u8>>(),
        ];
        let sent = |bytes| {
            let outcome = runtime.block_on(app.send(row.service, row.method, bytes));
            accepted.set(accepted.get() + usize::from(outcome.is_ok()));
            judge(row.method, &outcome)
        };
        runner(5 * rounds()).run(&bytes, sent).unwrap();
    }
    assert!(accepted.get() > 0, "void: nothing was accepted");
    // It is still the same process. (The organization may have been closed.)
    runtime.block_on(async {
        let person = app.user("after@example.org").await;
        app.organization(&person).await;
    });
}

/// The text of this field of a message.
fn field(mut bytes: &[u8], tag: u32) -> String {
    let mut found = String::new();
    while !bytes.is_empty() {
        let (key, wire_type) = encoding::decode_key(&mut bytes).unwrap();
        let context = DecodeContext::default();
        if key == tag {
            encoding::string::merge(wire_type, &mut found, &mut bytes, context).unwrap();
        } else {
            encoding::skip_field(wire_type, key, &mut bytes, context).unwrap();
        }
    }
    found
}

/// The number of a field.
fn tag(message: &str, name: &str) -> Option<u32> {
    let field = fields(message).iter().find(|field| field.name() == name);
    Some(u32::try_from(field?.number()).unwrap())
}

/// Mutant: a token that is taken apart without a look at its length.
#[test]
fn no_page_token_is_a_fault() {
    let runtime = Runtime::new().unwrap();
    let (app, known) = runtime.block_on(world());
    let mut lists = 0;
    for row in TABLE {
        let name = request(row.method);
        let (Some(size), Some(token)) = (tag(&name, "page_size"), tag(&name, "page_token")) else {
            continue;
        };
        // The smallest page of the first thing that has one.
        let of = ["contact_id", "deal_id"].map(|name_of| tag(&name, name_of));
        let ask = |id: &str| {
            let mut bytes = Vec::new();
            encoding::int32::encode(size, &1, &mut bytes);
            for tag in of.into_iter().flatten().take(usize::from(!id.is_empty())) {
                encoding::string::encode(tag, &id.to_owned(), &mut bytes);
            }
            bytes
        };
        let response = format!(".minicrm.v1.{}Response", row.method);
        let next = tag(&response, "next_page_token").unwrap();
        let first = [""].into_iter().chain(known.iter().map(String::as_str));
        let first = first.map(ask).find_map(|query| {
            let answer = runtime.block_on(app.send(row.service, row.method, query.clone()));
            let token = field(&answer.ok()?, next);
            (!token.is_empty()).then_some((query, token))
        });
        let Some((query, text)) = first else { continue };
        lists += 1;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        let sent = |damaged: Vec<u8>| {
            let mut query = query.clone();
            let text = BASE64_URL_SAFE_NO_PAD.encode(damaged);
            encoding::string::encode(token, &text, &mut query);
            let outcome = runtime.block_on(app.send(row.service, row.method, query));
            judge(row.method, &outcome)
        };
        runner(20 * rounds())
            .run(&damaged(Just(bytes)), sent)
            .unwrap();
    }
    assert!(lists >= 10, "{lists}");
}
