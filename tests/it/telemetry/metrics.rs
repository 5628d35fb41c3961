//! The metrics page of the binary, and what is beside it.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use minicrm::proto::{
    GetContactRequest, GetJsonWebKeySetRequest, GetOverviewRequest, LoginRequest, Operator,
};
use serde_json::Value;
use tonic::{Code, codegen::http::uri::PathAndQuery};

use super::{http, measured, page, until_metric, value};
use crate::{
    process::SecretFile,
    support::{HANGS, KEY, call, contact, external, operator, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn calls_groups_and_figures_are_counted() {
    let settings = [
        ("MINICRM_METRICS_INTERVAL_SECONDS", "1"),
        ("MINICRM_VERIFY_INTERVAL_SECONDS", "1"),
    ];
    let (process, app, metrics) = measured(&settings).await;
    let ann = Operator {
        load_limit: Some(2),
        ..operator("Ann")
    };
    let ann = app.operator(ann).await;
    app.operator(operator("Unlimited")).await;
    // A count that is wrong, of an operator who is not counted.
    app.execute("UPDATE operators SET load = load + 1 WHERE name = 'Unlimited'")
        .await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    for lead in 0..3 {
        let request = contact(&source, external(lead));
        app.create_contact(request).await.unwrap();
    }
    let id = source.id.clone();
    call!(app.contacts.get_contact(GetContactRequest { id })).unwrap_err();

    // What is counted as it happens.
    let now = page(metrics);
    let create = r#"{method="CreateContact",service="ContactService"}"#;
    for (metric, expected) in [
        ("minicrm_ready", 1.0),
        ("minicrm_requests_in_flight", 0.0),
        (
            r#"minicrm_requests_total{code="OK",method="CreateContact",service="ContactService"}"#,
            3.0,
        ),
        (
            r#"minicrm_requests_total{code="NOT_FOUND",method="GetContact",service="ContactService"}"#,
            1.0,
        ),
        (
            &format!("minicrm_request_duration_seconds_count{create}"),
            3.0,
        ),
        (r#"minicrm_contacts_total{outcome="assigned"}"#, 2.0),
        (r#"minicrm_contacts_total{outcome="backlog"}"#, 1.0),
        (r#"minicrm_group_size_sum{queue="writes"}"#, 3.0),
        (r#"minicrm_group_wait_seconds_count{queue="writes"}"#, 3.0),
        (r#"minicrm_queue_length{queue="writes"}"#, 0.0),
        (r#"minicrm_pool_connections{pool="grouped",state="max"}"#, {
            let cores = std::thread::available_parallelism().unwrap().get();
            f64::from(u32::try_from(6 * cores).unwrap())
        }),
    ] {
        assert_eq!(value(&now, metric), Some(expected), "{metric}: {now}");
    }
    // Health checks are not calls.
    assert!(!now.contains("Health"), "{now}");

    // What is read from the database.
    until_metric(metrics, "minicrm_backlog_contacts", 1.0).await;
    until_metric(metrics, "minicrm_operator_load", 2.0).await;
    until_metric(metrics, "minicrm_operator_limit", 2.0).await;
    until_metric(metrics, "minicrm_operators_at_limit", 1.0).await;
    app.execute("UPDATE contacts SET create_time = now() - interval '1 hour'")
        .await;
    until("the oldest has waited for an hour", async || {
        value(&page(metrics), "minicrm_backlog_oldest_seconds") >= Some(3600.0)
    })
    .await;
    app.execute("UPDATE contacts SET create_time = now()").await;
    until_metric(metrics, "minicrm_counter_drift", 1.0).await;
    // A change that says nothing, where the process has changed nothing.
    app.execute(
        "INSERT INTO organizations (id, name)
         VALUES ('00000000-0000-7000-8000-00000000000f', 'Other');
         INSERT INTO contact_count_changes VALUES ('00000000-0000-7000-8000-00000000000f',
             '00000000-0000-7000-8000-00000000000f', '{}', '{}', '{}', '{}', '{}', '{}')",
    )
    .await;
    until_metric(metrics, "minicrm_unfolded_changes", 1.0).await;

    // Without authentication there are no keys to verify with.
    assert_eq!(http(metrics, "GET", "/.well-known/jwks.json", "").0, 404);
    assert_eq!(http(metrics, "GET", "/nothing", "").0, 404);
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_cannot_make_labels() {
    let (process, app, metrics) = measured(&[]).await;
    for path in [
        "/minicrm.v1.LeadService/Marker",
        "/Marker/GetLead",
        "/Marker",
    ] {
        let mut client = tonic::client::Grpc::new(app.channel.clone());
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        let path = PathAndQuery::from_static(path);
        let outcome = client.unary(tonic::Request::new(()), path, codec).await;
        assert_eq!(outcome.unwrap_err().code(), Code::Unimplemented);
    }
    call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
    let page = page(metrics);
    assert!(page.contains("GetOverview"), "{page}");
    assert!(!page.contains("Marker"), "{page}");
    assert!(process.terminate().await.success());
}

/// Mutants: no limit of connections; none of their time.
#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_is_in_nobodys_way_for_long() {
    let (process, _app, metrics) = measured(&[]).await;
    let silent: Vec<_> = (0..64)
        .map(|number| {
            let mut stream = TcpStream::connect(metrics).unwrap();
            let said = [
                "",
                "GET /met",
                "PUT /log-level HTTP/1.1\r\ncontent-length: 9\r\n\r\n",
            ];
            stream.write_all(said[number % 3].as_bytes()).unwrap();
            stream
        })
        .collect();
    let mut one_more = TcpStream::connect(metrics).unwrap();
    // It may be closed before all is written.
    let _ = one_more.write_all(b"GET /metrics HTTP/1.1\r\n\r\n");
    assert_eq!(one_more.read(&mut [0; 64]).unwrap_or(0), 0);
    for mut stream in silent {
        stream.set_read_timeout(Some(HANGS)).unwrap();
        assert_eq!(stream.read(&mut [0; 64]).unwrap_or(0), 0);
    }
    page(metrics);
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn verifiers_read_the_keys_and_refused_attempts_count() {
    let key = SecretFile::new("metrics", KEY);
    let settings = [
        ("MINICRM_JWT_KEY_FILES", key.path()),
        ("MINICRM_LOGIN_ATTEMPTS_PER_ACCOUNT", "1"),
    ];
    let (process, app, metrics) = measured(&settings).await;
    let request = GetJsonWebKeySetRequest {};
    let key = call!(app.auth.get_json_web_key_set(request)).unwrap().keys;
    let (status, body) = http(metrics, "GET", "/.well-known/jwks.json", "");
    assert_eq!(status, 200);
    let found: Value = serde_json::from_str(&body).unwrap();
    let expected = serde_json::json!({ "keys": [{
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
        "x": key[0].x, "kid": key[0].kid,
    }]});
    assert_eq!(found, expected);

    let login = || LoginRequest {
        email: "nobody@example.org".to_owned(),
        password: "Wrong-Password-1".to_owned(),
    };
    call!(app.auth.login(login())).unwrap_err();
    let refused = || {
        value(
            &page(metrics),
            r#"minicrm_rate_limited_total{scope="attempts"}"#,
        )
    };
    assert_eq!(refused(), Some(0.0));
    call!(app.auth.login(login())).unwrap_err();
    assert_eq!(refused(), Some(1.0));
    assert!(process.terminate().await.success());
}
