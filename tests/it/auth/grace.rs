//! A refresh token that was used gives the same successor for a moment.

use std::collections::HashSet;

use futures_util::future::join_all;
use minicrm::proto::{LogoutRequest, Tokens};
use tonic::Code;

use super::{PASSWORD, count};
use crate::support::{App, KEY, assert_error, call, new_database};

/// Two servers on one database.
async fn two() -> [App; 2] {
    let database = new_database().await;
    let one = App::secure_on(database.clone(), &[KEY]).await;
    [one, App::secure_on(database, &[KEY]).await]
}

/// Refreshes many times at once, here and there: the one refresh token there is.
async fn storm(apps: &[App; 2], tokens: &Tokens) -> Tokens {
    let refreshes = (0..32).map(|number| apps[number % 2].refresh(tokens));
    let all: Vec<_> = join_all(refreshes)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let different: HashSet<_> = all.iter().map(|each| &each.refresh_token).collect();
    assert_eq!(different.len(), 1);
    all[0].clone()
}

/// Mutants: a successor that is random again; a session that is not locked.
#[tokio::test(flavor = "multi_thread")]
async fn parallel_refreshes_give_one_successor() {
    let apps = two().await;
    let [app, _] = &apps;
    let mut tokens = app.new_user("ann@example.com").await;
    for _ in 0..8 {
        let next = storm(&apps, &tokens).await;
        assert_ne!(next.refresh_token, tokens.refresh_token);
        app.me(&next.access_token).await.unwrap();
        tokens = next;
    }
    assert_eq!(count(app, "sessions").await, 1);
    assert_eq!(count(app, "refresh_tokens").await, 9);
}

/// Mutant: a grace that does not end.
#[tokio::test]
async fn after_the_grace_a_second_use_ends_the_session() {
    let [app, other] = &two().await;
    let first = app.new_user("ann@example.com").await;
    let second = app.refresh(&first).await.unwrap();
    let again = other.refresh(&first).await.unwrap();
    assert_eq!(again.refresh_token, second.refresh_token);
    assert_eq!(again.refresh_expire_time, second.refresh_expire_time);
    // Even if the successor was used meanwhile.
    let third = app.refresh(&second).await.unwrap();
    let again = other.refresh(&first).await.unwrap();
    assert_eq!(again.refresh_token, second.refresh_token);

    let later = "UPDATE refresh_tokens SET use_time = use_time - interval '10 seconds'";
    app.execute(later).await;
    for ended in [&first, &second, &third] {
        let outcome = other.refresh(ended).await;
        assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    }
    assert_eq!(count(app, "sessions").await, 0);
}

#[tokio::test]
async fn what_ends_a_session_ends_the_grace() {
    let app = App::secure().await;
    let first = app.new_user("ann@example.com").await;
    let second = app.refresh(&first).await.unwrap();
    let request = LogoutRequest {
        refresh_token: second.refresh_token,
    };
    call!(app.auth.logout(request)).unwrap();
    let outcome = app.refresh(&first).await;
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");

    let first = app.login("ann@example.com", PASSWORD).await.unwrap();
    let second = app.refresh(&first).await.unwrap();
    let change = [PASSWORD, "Battery-Staple-8"];
    app.change_password(&second.access_token, change)
        .await
        .unwrap();
    let outcome = app.refresh(&first).await;
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
}

/// What is kept of a successor is nothing without the token before it.
#[tokio::test]
async fn no_successor_can_be_read_from_the_database() {
    let app = App::secure().await;
    let mut tokens = app.new_user("ann@example.com").await;
    for _ in 0..3 {
        tokens = app.refresh(&tokens).await.unwrap();
        let end = &tokens.refresh_token[1..];
        let rows = "refresh_tokens AS t WHERE strpos(t::text, ";
        assert_eq!(count(&app, &format!("{rows}'{end}') > 0")).await, 0);
        let bytes = "encode(decode(translate('TOKEN=', '-_', '+/'), 'base64'), 'hex')";
        let bytes = bytes.replace("TOKEN", &tokens.refresh_token);
        assert_eq!(count(&app, &format!("{rows}{bytes}) > 0")).await, 0);
    }
    // What is not given again is not kept.
    let later = "UPDATE refresh_tokens SET use_time = use_time - interval '1 minute'";
    app.execute(later).await;
    app.refresh(&tokens).await.unwrap();
    let kept = "refresh_tokens WHERE successor IS NOT NULL";
    assert_eq!(count(&app, kept).await, 1);
}
