//! What is around each call: sizes, encodings, and a net for panics.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    slice::from_ref,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use minicrm::{
    platform::ingress::{self, Acceptor, Callers, Deadline, Edge, Methods, Owner},
    proto::{CreateLeadRequest, Lead, ListLeadsRequest},
};
use tokio::{net::TcpListener, sync::watch};
use tonic::{
    Code, Request,
    body::Body,
    client::Grpc,
    codec::CompressionEncoding,
    codegen::{
        Service,
        http::{self, uri::PathAndQuery},
    },
    server::NamedService,
    service::Routes,
    transport::Endpoint,
};
use tonic_prost::ProstCodec;
use uuid::Uuid;

use super::{Server, plain};
use crate::support::{App, assert_error, call, contact, external, operator};

fn named(name: String) -> CreateLeadRequest {
    CreateLeadRequest {
        lead: Some(Lead {
            external_id: "long".to_owned(),
            name,
            ..Lead::default()
        }),
        ..CreateLeadRequest::default()
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused_and_harms_nobody() {
    let app = App::start().await;
    let request = named("x".repeat(5 * 1024 * 1024));
    let outcome = call!(app.leads.create_lead(request.clone()));
    assert_error(outcome, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
    // Nor does it help to compress it.
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let mut leads = app.leads.clone().send_compressed(encoding);
        let outcome = leads.create_lead(request.clone()).await;
        assert_error(outcome, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
    }
    let mut request = Request::new(ListLeadsRequest::default());
    let value = "x".repeat(64 * 1024).parse().unwrap();
    request.metadata_mut().insert("x-long", value);
    app.leads.clone().list_leads(request).await.unwrap_err();
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
}

/// Mutant: an encoding that is not accepted.
#[tokio::test]
async fn messages_are_compressed_for_those_who_ask() {
    let app = App::start().await;
    let request = named("x".repeat(100));
    let lead = call!(app.leads.create_lead(request)).unwrap();
    for (encoding, name) in [
        (CompressionEncoding::Gzip, "gzip"),
        (CompressionEncoding::Zstd, "zstd"),
    ] {
        let leads = app.leads.clone().send_compressed(encoding);
        let mut leads = leads.accept_compressed(encoding);
        let answer = leads.list_leads(ListLeadsRequest::default()).await.unwrap();
        assert_eq!(answer.metadata().get("grpc-encoding").unwrap(), name);
        assert_eq!(answer.into_inner().leads.as_slice(), from_ref(&lead));
    }
    let mut leads = app.leads.clone();
    let answer = leads.list_leads(ListLeadsRequest::default()).await.unwrap();
    assert!(!answer.metadata().contains_key("grpc-encoding"));
}

/// The load of the one who takes the contact overflows.
/// Mutant: a group whose panic is not caught.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_error_of_its_call_alone() {
    let server = Server::start(plain(), |_| {}).await;
    let app = server.app();
    let one = app.operator(operator("One")).await;
    let source = app.source("panic", &[(&one, 1)]).await;
    let set_load = async |load: i32| {
        let sql = format!("UPDATE operators SET load = {load}");
        app.execute(&sql).await;
    };
    set_load(i32::MAX).await;
    for n in 0..3 {
        let outcome = app.create_contact(contact(&source, external(n))).await;
        let details = assert_error(outcome, Code::Internal, "INTERNAL");
        let metadata = &details.error_info().unwrap().metadata;
        assert!(metadata.contains_key("incident"));
    }
    set_load(0).await;
    app.contact(&source).await;
}

/// A service that panics, of the contract or beside it.
#[derive(Clone)]
struct Panics<const BESIDE: bool>;

impl<const BESIDE: bool> NamedService for Panics<BESIDE> {
    const NAME: &'static str = if BESIDE { "grpc.Panics" } else { "test.Panics" };
}

impl<const BESIDE: bool> Service<http::Request<Body>> for Panics<BESIDE> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        assert!(request.uri().path().ends_with("Not"), "as it should");
        ready(Ok(http::Response::new(Body::empty())))
    }
}

/// Knows everybody.
struct Everybody;

impl Callers for Everybody {
    fn check<'c>(
        &'c self,
        _: &'c http::HeaderMap,
        _: Deadline,
    ) -> BoxFuture<'c, minicrm::error::Result<Owner>> {
        Box::pin(ready(Ok(Owner::Known(Uuid::nil()))))
    }
}

/// Mutants: no net around a call, which then ends without an answer; none around one
/// that is beside the contract.
#[tokio::test]
async fn a_panic_outside_of_methods_is_an_error_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = Acceptor {
        listener,
        tls: None,
        routes: Routes::new(Panics::<false>).add_service(Panics::<true>),
        edge: Arc::new(Edge::new(
            ingress::Settings::default(),
            Methods::new(&[], []).unwrap(),
            1,
            1,
        )),
        callers: Arc::new(Everybody),
    };
    let (_open, stop) = watch::channel(false);
    let serving = tokio::spawn(acceptor.serve(stop));
    let endpoint = Endpoint::try_from(format!("http://{address}")).unwrap();
    let mut client = Grpc::new(endpoint.connect().await.unwrap());
    for path in ["/test.Panics/Now", "/grpc.Panics/Now"].repeat(3) {
        client.ready().await.unwrap();
        let path = PathAndQuery::from_static(path);
        let codec = ProstCodec::<(), ()>::default();
        let outcome = client.unary(Request::new(()), path, codec).await;
        assert_error(outcome, Code::Internal, "INTERNAL");
    }
    serving.abort();
}
