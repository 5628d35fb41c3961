//! How long requests may be, how long they may take, and what they may be.

use std::{io::Write, time::Duration};

use flate2::{Compression, write::GzEncoder};
use minicrm::{
    app::Settings,
    platform::ingress::{self, Timeouts},
    proto::{
        ApiKeyAccess, BatchCreateContactsRequest, CreateContactRequest, CreateLeadRequest, Lead,
        LoginRequest, OperatorWeight, ReplaceOperatorWeightsRequest, UpdateLeadRequest,
        create_contact_request::Source,
    },
};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::{Server, plain};
use crate::support::{Hostile, assert_error, call, framed, secure};

pub const LOGIN: &str = "AuthService/Login";
pub const CREATE_LEAD: &str = "LeadService/CreateLead";
pub const KIB: usize = 1024;

/// A lead whose name takes so many bytes: too long for the method from 4096 on.
pub fn lead(length: usize) -> Vec<u8> {
    let lead = CreateLeadRequest {
        lead: Some(Lead {
            external_id: Uuid::now_v7().to_string(),
            name: "x".repeat(length),
            ..Lead::default()
        }),
        ..CreateLeadRequest::default()
    };
    lead.encode_to_vec()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

#[track_caller]
pub fn assert_reason<T: std::fmt::Debug>(outcome: Result<T, Status>, reason: &str) {
    let status = outcome.unwrap_err();
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, reason, "{status:?}");
}

/// Mutants: the size for callers who are known for all; the size on the wire.
#[tokio::test]
async fn strangers_may_send_little_however_it_is_compressed() {
    let server = Server::start(secure(), |_| {}).await;
    let app = server.app();
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let key = app.of(&ann, &acme).key(ApiKeyAccess::Admin).await.secret;
    let client = Hostile::connect(server.address, 65_535).await;
    let login = |length| {
        let request = LoginRequest {
            email: "ann@example.com".to_owned(),
            password: "x".repeat(length),
        };
        request.encode_to_vec()
    };
    for (name, encode) in [
        ("identity", <[u8]>::to_vec as fn(&[u8]) -> Vec<u8>),
        ("gzip", gzip),
        ("zstd", zstd),
    ] {
        let flag = u8::from(name != "identity");
        let encoding = ("grpc-encoding", name);
        let call = async |path, bearer: &str, message: Vec<u8>| {
            let bearer = format!("Bearer {bearer}");
            let headers = [encoding, ("authorization", &bearer)];
            let message = framed(flag, &encode(&message));
            client.call(path, &headers, message).await
        };
        // It gets to the method, or not.
        assert_reason(call(LOGIN, "", login(10 * KIB)).await, "INVALID_FIELDS");
        for length in [17 * KIB, 4096 * KIB, 5000 * KIB] {
            let outcome = call(LOGIN, &ann.token, login(length)).await;
            assert_error(outcome, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
        }
        for stranger in ["", "nonsense", "mck_nonsense"] {
            let outcome = call(CREATE_LEAD, stranger, lead(100 * KIB)).await;
            assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
        }
        for known in [&*ann.token, &*key] {
            let outcome = call(CREATE_LEAD, known, lead(100 * KIB)).await;
            assert_reason(outcome, "INVALID_FIELDS");
            let outcome = call(CREATE_LEAD, known, lead(5000 * KIB)).await;
            assert_reason(outcome, "MESSAGE_TOO_LARGE");
        }
    }
}

/// Mutant: messages weighed by their bytes on the wire, which are decoded to some
/// hundred times as many.
#[tokio::test]
async fn a_message_of_very_many_parts_is_too_large() {
    const COUNT: usize = 1_000_000;
    let server = Server::start(plain(), |_| {}).await;
    let app = server.app();
    let batch = BatchCreateContactsRequest {
        requests: vec![CreateContactRequest::default(); COUNT],
        ..Default::default()
    };
    let weights = ReplaceOperatorWeightsRequest {
        weights: vec![OperatorWeight::default(); COUNT],
        ..Default::default()
    };
    let update = UpdateLeadRequest {
        update_mask: Some(prost_types::FieldMask {
            paths: vec![String::new(); COUNT],
        }),
        ..Default::default()
    };
    for (service, method, bytes) in [
        (
            "ContactService",
            "BatchCreateContacts",
            batch.encode_to_vec(),
        ),
        (
            "SourceService",
            "ReplaceOperatorWeights",
            weights.encode_to_vec(),
        ),
        ("LeadService", "UpdateLead", update.encode_to_vec()),
    ] {
        assert!(bytes.len() < 4096 * KIB);
        let outcome = app.send(service, method, bytes).await;
        assert_error(outcome, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
    }
    // What is long and has few parts is none of it.
    let long = BatchCreateContactsRequest {
        requests: (0..1000)
            .map(|_| CreateContactRequest {
                source: Some(Source::SourceCode("none".to_owned())),
                message: "x".repeat(4000),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    };
    let answer = call!(app.contacts.batch_create_contacts(long)).unwrap();
    assert_eq!(answer.results.len(), 1000);
}

/// Mutants: what comes after the first message is ignored; what is cut off is taken.
#[tokio::test]
async fn a_request_is_one_whole_message() {
    let server = Server::start(plain(), |_| {}).await;
    let client = Hostile::connect(server.address, 65_535).await;
    let whole = framed(0, &lead(10));
    let malformed = [
        [&whole[..], &whole].concat(),
        [&whole[..], &[0]].concat(),
        whole[..whole.len() - 1].to_vec(),
        whole[..5].to_vec(),
        whole[..3].to_vec(),
        Vec::new(),
        framed(1, &lead(10)),
        framed(2, &lead(10)),
    ];
    for bytes in malformed {
        let outcome = client.call(CREATE_LEAD, &[], bytes).await;
        assert_error(outcome, Code::InvalidArgument, "MALFORMED_REQUEST");
    }
    for encoding in ["gzip", "zstd"] {
        let headers = [("grpc-encoding", encoding)];
        let outcome = client
            .call(CREATE_LEAD, &headers, framed(1, b"neither"))
            .await;
        assert_error(outcome, Code::InvalidArgument, "MALFORMED_REQUEST");
        // Not every message must be compressed.
        let outcome = client.call(CREATE_LEAD, &headers, whole.clone()).await;
        if encoding == "gzip" {
            outcome.unwrap();
        }
    }
    let headers = [("grpc-encoding", "br")];
    let mut open = client.open(CREATE_LEAD, &headers).await;
    open.send(framed(1, &lead(10)), true).await;
    let head = open.head().await;
    assert_eq!(head.headers()["grpc-accept-encoding"], "zstd,gzip,identity");
    let status = Status::from_header_map(head.headers()).unwrap();
    assert_error(Err::<(), _>(status), Code::Unimplemented, "UNIMPLEMENTED");

    // However it is cut, it is the same.
    let mut open = client.open(CREATE_LEAD, &[]).await;
    for byte in framed(0, &lead(100)) {
        open.send(vec![byte], false).await;
    }
    open.send(Vec::new(), true).await;
    open.outcome().await.unwrap();
}

/// Mutant: a request that has until the deadline of its call.
#[tokio::test]
async fn a_request_ends_soon_after_it_begins() {
    let hour = Duration::from_hours(1);
    let settings = Settings {
        edge: ingress::Settings {
            timeouts: Timeouts {
                default: hour,
                max: hour,
            },
            body_timeout: Duration::from_millis(300),
            ..ingress::Settings::default()
        },
        ..plain()
    };
    let server = Server::start(settings, |_| {}).await;
    let client = Hostile::connect(server.address, 65_535).await;
    let whole = framed(0, &lead(10));
    for part in [&whole[..], &whole[..3], &[]] {
        let mut open = client.open(CREATE_LEAD, &[]).await;
        open.send(part.to_vec(), false).await;
        assert_error(
            open.outcome().await,
            Code::DeadlineExceeded,
            "DEADLINE_EXCEEDED",
        );
    }
}
