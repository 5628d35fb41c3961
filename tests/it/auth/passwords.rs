//! What a good password is, and that only the right one lets in.

use minicrm::proto::RegisterRequest;
use tonic::Code;

use super::{PASSWORD, registration};
use crate::support::{App, assert_error, assert_invalid};

#[tokio::test]
async fn a_password_keeps_every_rule() {
    let app = App::secure().await;
    let with = |password: &str| RegisterRequest {
        password: password.to_owned(),
        // Nothing is written, as this is missing.
        name: String::new(),
        ..registration("ann@example.com")
    };
    let long = format!("Aa1{}", "x".repeat(125));
    for good in ["Good-Pa5", &long, "Größe-Straße-9", "А-пароль-1"] {
        assert_invalid(app.register(with(good)).await, &["name"]);
    }
    let too_long = format!("{long}x");
    let bad = [
        "Goo-Pa5",        // 7 characters
        &too_long,        // 129
        "good-pa55",      // no upper-case letter
        "GOOD-PA55",      // no lower-case letter
        "Good-Pass",      // no digit
        "Password123",    // common
        "pAsSwOrD123",    // the same
        "Good-\u{7}-Pa5", // a bell
    ];
    for bad in bad {
        assert_invalid(app.register(with(bad)).await, &["name", "password"]);
    }
    // Each rule is named.
    let fields = ["name", "password", "password", "password", "password"];
    assert_invalid(app.register(with("-")).await, &fields);
}

#[tokio::test]
async fn it_is_not_said_whether_an_address_is_registered() {
    let app = App::secure().await;
    app.register(registration("ann@example.com")).await.unwrap();
    let wrong = app.login("ann@example.com", "Wrong-Horse-7").await;
    let unknown = app.login("ben@example.com", PASSWORD).await;
    let (wrong, unknown) = (wrong.unwrap_err(), unknown.unwrap_err());
    assert_eq!(wrong.message(), unknown.message());
    assert_eq!(wrong.details(), unknown.details());
    assert_error(
        Err::<(), _>(wrong),
        Code::Unauthenticated,
        "CREDENTIALS_INVALID",
    );
    assert_error(
        Err::<(), _>(unknown),
        Code::Unauthenticated,
        "CREDENTIALS_INVALID",
    );
}

#[tokio::test]
async fn a_changed_password_ends_all_sessions() {
    let app = App::secure().await;
    let tokens = app.new_user("ann@example.com").await;
    let other = app.login("ann@example.com", PASSWORD).await.unwrap();
    let new = "Battery-Staple-8";

    let wrong = ["Wrong-Horse-7", new];
    let outcome = app.change_password(&tokens.access_token, wrong).await;
    assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    let weak = [PASSWORD, "weak"];
    let outcome = app.change_password(&tokens.access_token, weak).await;
    assert_invalid(outcome, &["new_password"; 3]);
    let other = app.refresh(&other).await.unwrap();

    let change = [PASSWORD, new];
    app.change_password(&tokens.access_token, change)
        .await
        .unwrap();
    for ended in [&tokens, &other] {
        let outcome = app.refresh(ended).await;
        assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    }
    let outcome = app.login("ann@example.com", PASSWORD).await;
    assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    app.login("ann@example.com", new).await.unwrap();
}

/// The same letter can be written as one character or as two.
#[tokio::test]
async fn a_password_is_the_same_however_it_is_composed() {
    let app = App::secure().await;
    let request = RegisterRequest {
        password: "Gr\u{fc}n-Horse-7".to_owned(),
        ..registration("ann@example.com")
    };
    app.register(request).await.unwrap();
    let outcome = app.login("ann@example.com", "Gru\u{308}n-Horse-7").await;
    outcome.unwrap();
}
