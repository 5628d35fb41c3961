//! How often somebody may try.

use minicrm::auth::tokens::Key;
use tonic::Code;

use super::{PASSWORD, registration};
use crate::support::{App, KEY, assert_error, new_database};

async fn allowing(attempts: [u32; 2]) -> App {
    let keys = [Key::Ed25519Pem(KEY.to_owned())];
    App::authenticating(new_database().await, &keys, attempts).await
}

#[tokio::test]
async fn an_account_can_be_tried_a_few_times() {
    let app = allowing([3, 100]).await;
    app.register(registration("ann@example.com")).await.unwrap();
    for _ in 0..2 {
        let outcome = app.login("ann@example.com", "Wrong-Horse-7").await;
        assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    }
    // However it is written, and even with the right password.
    let outcome = app.login("ANN@example.com", PASSWORD).await;
    let details = assert_error(outcome, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
    let retry = details.retry_info().unwrap().retry_delay.unwrap();
    assert!(!retry.is_zero() && retry.as_secs() <= 20, "{retry:?}");
    // Others are not held up.
    app.new_user("ben@example.com").await;
}

#[tokio::test]
async fn a_changed_password_is_an_attempt_too() {
    let app = allowing([3, 100]).await;
    let tokens = app.new_user("ann@example.com").await;
    let guess = ["Wrong-Horse-7", "Battery-Staple-8"];
    for _ in 0..3 {
        let outcome = app.change_password(&tokens.access_token, guess).await;
        assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    }
    let outcome = app.change_password(&tokens.access_token, guess).await;
    assert_error(outcome, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn a_peer_can_try_a_few_times() {
    let app = allowing([100, 4]).await;
    let tokens = app.new_user("ann@example.com").await;
    for number in 0..2 {
        let outcome = app.login(&format!("{number}@example.com"), PASSWORD).await;
        assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    }
    let outcome = app.login("3@example.com", PASSWORD).await;
    assert_error(outcome, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
    let outcome = app.register(registration("4@example.com")).await;
    assert_error(outcome, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
    // Refreshes have a limit of their own: three times as many.
    let mut tokens = tokens;
    for _ in 0..12 {
        tokens = app.refresh(&tokens).await.unwrap();
    }
    let outcome = app.refresh(&tokens).await;
    assert_error(outcome, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
}
