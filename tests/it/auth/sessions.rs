//! Refresh tokens: once each, and a stolen one ends its session.

use std::time::Duration;

use futures_util::future::join_all;
use minicrm::proto::LogoutRequest;
use tonic::Code;

use super::{PASSWORD, count};
use crate::support::{App, assert_error, call, new_database, secure_with};

/// A server that never gives a token again.
async fn ungracious() -> App {
    let settings = secure_with(|settings| settings.lifetimes.grace = Duration::ZERO);
    App::made_with(new_database().await, settings).await
}

#[tokio::test]
async fn a_refresh_token_gives_the_next_one() {
    let app = App::secure().await;
    let first = app.new_user("ann@example.com").await;
    let second = app.refresh(&first).await.unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    let third = app.refresh(&second).await.unwrap();
    app.me(&third.access_token).await.unwrap();
    assert!(third.access_expire_time.unwrap().seconds < third.refresh_expire_time.unwrap().seconds);
    assert_eq!(count(&app, "sessions").await, 1);
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_its_session_only() {
    let app = ungracious().await;
    let first = app.new_user("ann@example.com").await;
    let other = app.login("ann@example.com", PASSWORD).await.unwrap();
    let second = app.refresh(&first).await.unwrap();
    for token in [&first, &second, &first] {
        let outcome = app.refresh(token).await;
        assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    }
    assert_eq!(count(&app, "refresh_tokens").await, 1);
    app.refresh(&other).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_refreshes_at_most_one_wins() {
    let app = ungracious().await;
    app.new_user("ann@example.com").await;
    for _ in 0..10 {
        let tokens = app.login("ann@example.com", PASSWORD).await.unwrap();
        let outcomes = join_all((0..16).map(|_| app.refresh(&tokens))).await;
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(won, 1);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
        }
    }
    // That of registering is left.
    assert_eq!(count(&app, "sessions").await, 1);
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let app = App::secure().await;
    let tokens = app.new_user("ann@example.com").await;
    let request = LogoutRequest {
        refresh_token: tokens.refresh_token.clone(),
    };
    call!(app.auth.logout(request.clone())).unwrap();
    call!(app.auth.logout(request)).unwrap();
    let outcome = app.refresh(&tokens).await;
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    assert_eq!(count(&app, "refresh_tokens").await, 0);
}

#[tokio::test]
async fn sessions_end_by_themselves() {
    let app = App::secure().await;
    let tokens = app.new_user("ann@example.com").await;
    let longest = "UPDATE sessions SET create_time = now() - interval '29 days'";
    app.execute(longest).await;
    let renewed = app.refresh(&tokens).await.unwrap();
    let left = renewed.refresh_expire_time.unwrap().seconds
        - (renewed.access_expire_time.unwrap().seconds - 15 * 60);
    assert!((86_390..=86_410).contains(&left), "{left}");
    let past = "UPDATE sessions SET expire_time = now() - interval '1 second'";
    app.execute(past).await;
    let outcome = app.refresh(&renewed).await;
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
}

#[tokio::test]
async fn no_token_is_kept() {
    let app = App::secure().await;
    let tokens = app.new_user("ann@example.com").await;
    let query = format!(
        "refresh_tokens WHERE refresh_tokens::text LIKE '%{}%'
             OR encode(token_hash, 'escape') LIKE '%{0}%'",
        tokens.refresh_token
    );
    assert_eq!(count(&app, &query).await, 0);
}
