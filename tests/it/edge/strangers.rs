//! What strangers hold, and what others of them find room for.

use std::time::Duration;

use futures_util::future::select_all;
use minicrm::{
    app::Settings,
    platform::ingress::{self, Timeouts},
    proto::{LoginRequest, RegisterRequest},
};
use prost::Message;
use tonic::Code;

use super::{
    Server,
    requests::{KIB, LOGIN},
};
use crate::support::{Hostile, assert_error, call, framed, secure};

const KEYS: &str = "AuthService/GetJsonWebKeySet";
const PATIENCE: Duration = Duration::from_mins(2);

/// Mutants: no shares; answers that take a whole buffer however short they are; all
/// that is left goes to those who have not said all.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_peer_holds_leaves_room_for_others() {
    let settings = Settings {
        edge: ingress::Settings {
            request_memory: 1024 * KIB,
            answer_memory: 1024 * KIB,
            timeouts: Timeouts {
                default: PATIENCE,
                max: PATIENCE,
            },
            body_timeout: PATIENCE,
            stall_timeout: PATIENCE,
            ..ingress::Settings::default()
        },
        ..secure()
    };
    let server = Server::start(settings, |_| {}).await;
    let app = server.app();
    let ann = RegisterRequest {
        email: "ann@example.com".to_owned(),
        password: "Correct-Horse-7".to_owned(),
        name: "Ann".to_owned(),
        organization_name: "Acme".to_owned(),
        ..Default::default()
    };
    call!(app.auth.register(ann.clone())).unwrap();

    let hostile = Hostile::connect(server.address, 0).await;
    let mut unread = Vec::new();
    let mut refused = 0;
    for _ in 0..400 {
        let mut open = hostile.open(KEYS, &[]).await;
        open.send(framed(0, &[]), true).await;
        let answer = open.head().await;
        refused += usize::from(answer.headers().contains_key("grpc-status"));
        unread.push(answer);
    }
    assert!((1..350).contains(&refused), "{refused}");
    let mut logins = Vec::new();
    for _ in 0..64 {
        let mut open = hostile.open(LOGIN, &[]).await;
        open.send(vec![0], false).await;
        logins.push(Box::pin(open.outcome()));
    }
    // As many as would not be if there was room for three quarters.
    for _ in 0..50 {
        let (refused, _, rest) = select_all(logins).await;
        assert_error(refused, Code::ResourceExhausted, "OVERLOADED");
        logins = rest;
    }

    let other = Hostile::connect_from(server.address, "127.0.0.2").await;
    let other = other.unwrap();
    let login = LoginRequest {
        email: ann.email,
        password: ann.password,
    };
    let login = framed(0, &login.encode_to_vec());
    let mut open = other.open(LOGIN, &[]).await;
    open.send(login[..1].to_vec(), false).await;
    open.send(login[1..].to_vec(), true).await;
    open.outcome().await.unwrap();
    for _ in 0..3 {
        other.call(KEYS, &[], framed(0, &[])).await.unwrap();
    }
}
