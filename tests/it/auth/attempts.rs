//! How often somebody may try.

use std::net::Ipv4Addr;

use futures_util::future::join_all;
use minicrm::auth::tokens::Key;
use tonic::Code;

use super::{PASSWORD, registration};
use crate::support::{App, KEY, assert_error, new_database};

const WRONG: &str = "Wrong-Horse-7";
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

async fn allowing(attempts: [u32; 2]) -> App {
    let keys = [Key::Ed25519Pem(KEY.to_owned())];
    App::authenticating(new_database().await, &keys, attempts).await
}

impl App {
    async fn is_wrong(&self, email: &str) {
        let outcome = self.login(email, WRONG).await;
        assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    }

    async fn is_refused(&self, email: &str, password: &str) {
        let outcome = self.login(email, password).await;
        let details = assert_error(outcome, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
        let retry = details.retry_info().unwrap().retry_delay.unwrap();
        assert!(!retry.is_zero() && retry.as_secs() <= 60, "{retry:?}");
    }
}

#[tokio::test]
async fn an_account_can_be_tried_a_few_times() {
    let app = allowing([3, 100]).await;
    app.register(registration("ann@example.com")).await.unwrap();
    for _ in 0..3 {
        app.is_wrong("ann@example.com").await;
    }
    // However it is written, and even with the right password.
    app.is_refused("ANN@example.com", PASSWORD).await;
    // Others are not held up.
    app.new_user("ben@example.com").await;
}

#[tokio::test]
async fn right_passwords_do_not_count() {
    let app = allowing([4, 4]).await;
    let tokens = app.new_user("ann@example.com").await;
    for _ in 0..8 {
        app.login("ann@example.com", PASSWORD).await.unwrap();
    }
    let new = ["Battery-Staple-8", "Battery-Staple-9"];
    app.change_password(&tokens.access_token, [PASSWORD, new[0]])
        .await
        .unwrap();
    for number in 0..6 {
        let change = [new[number % 2], new[(number + 1) % 2]];
        let tokens = app.login("ann@example.com", change[0]).await.unwrap();
        app.change_password(&tokens.access_token, change)
            .await
            .unwrap();
    }
    // All at once as well.
    let logins = (0..16).map(|_| app.login("ann@example.com", new[0]));
    for login in join_all(logins).await {
        login.unwrap();
    }
    // Nor do wrong ones keep right ones out before they are too many.
    for _ in 0..3 {
        app.is_wrong("ann@example.com").await;
        app.login("ann@example.com", new[0]).await.unwrap();
    }
    app.is_wrong("eve@example.com").await;
    // Somebody who guesses has an account, too: a right one makes up for none.
    app.is_refused("ben@example.com", PASSWORD).await;
}

/// Mutant: one limit for an account, wherever its passwords are tried.
#[tokio::test]
async fn a_stranger_keeps_no_owner_out() {
    let app = allowing([3, 1000]).await;
    app.register(registration("ann@example.com")).await.unwrap();
    let stranger = app.from(STRANGER).await;
    // Registering with the address is no attempt.
    for _ in 0..6 {
        let outcome = stranger.register(registration("ann@example.com")).await;
        assert_error(outcome, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
    }
    for _ in 0..3 {
        stranger.is_wrong("ann@example.com").await;
    }
    stranger.is_refused("ann@example.com", PASSWORD).await;
    for _ in 0..4 {
        app.login("ann@example.com", PASSWORD).await.unwrap();
    }
    // Whoever is wrong once while others guess waits.
    for last in 20..24 {
        let guesser = app.from(Ipv4Addr::new(127, 0, 0, last)).await;
        guesser.is_wrong("ann@example.com").await;
    }
    app.is_wrong("ann@example.com").await;
    app.is_refused("ann@example.com", PASSWORD).await;
    // From anywhere else it goes on.
    let other = app.from(Ipv4Addr::new(127, 0, 0, 3)).await;
    other.login("ann@example.com", PASSWORD).await.unwrap();
    other.login("ann@example.com", PASSWORD).await.unwrap();
}

/// Mutant: attempts that count when they fail, and not from when they begin.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_that_come_together_are_no_more_than_others() {
    let app = allowing([3, 1000]).await;
    app.register(registration("ann@example.com")).await.unwrap();
    let stranger = app.from(STRANGER).await;
    let guesses = (0..60).map(|_| stranger.login("ann@example.com", WRONG));
    let (mut tried, mut refused) = (0, 0);
    for outcome in join_all(guesses).await {
        match outcome.unwrap_err().code() {
            Code::Unauthenticated => tried += 1,
            Code::ResourceExhausted => refused += 1,
            code => panic!("{code:?}"),
        }
    }
    // A little is there again in the time they take.
    assert!((3..=6).contains(&tried), "{tried}");
    assert_eq!(tried + refused, 60);
    app.login("ann@example.com", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_changed_password_is_an_attempt_too() {
    let app = allowing([3, 100]).await;
    let tokens = app.new_user("ann@example.com").await;
    let guess = [WRONG, "Battery-Staple-8"];
    for _ in 0..3 {
        let outcome = app.change_password(&tokens.access_token, guess).await;
        assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    }
    let outcome = app.change_password(&tokens.access_token, guess).await;
    assert_error(outcome, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
    // It is the account's, however it is tried.
    app.is_refused("ann@example.com", PASSWORD).await;
}

#[tokio::test]
async fn a_peer_can_try_a_few_times() {
    let app = allowing([100, 4]).await;
    let mut tokens = app.new_user("ann@example.com").await;
    for number in 0..4 {
        app.is_wrong(&format!("{number}@example.com")).await;
    }
    app.is_refused("4@example.com", PASSWORD).await;
    app.from(STRANGER).await.is_wrong("4@example.com").await;
    // Registrations have a limit of their own.
    for number in 0..3 {
        let request = registration(&format!("{number}@example.com"));
        app.register(request).await.unwrap();
    }
    let outcome = app.register(registration("4@example.com")).await;
    assert_error(outcome, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
    // And so have refreshes: three times as many.
    for _ in 0..12 {
        tokens = app.refresh(&tokens).await.unwrap();
    }
    let outcome = app.refresh(&tokens).await;
    assert_error(outcome, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
}
