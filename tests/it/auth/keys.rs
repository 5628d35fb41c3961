//! The keys that tokens are signed with.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use minicrm::{
    auth::tokens::Key,
    proto::{GetJsonWebKeySetRequest, JsonWebKey},
};
use serde_json::Value;
use tonic::Code;

use crate::support::{App, KEY, OTHER_KEY, assert_error, call, new_database};

async fn public_keys(app: &App) -> Vec<JsonWebKey> {
    let request = GetJsonWebKeySetRequest {};
    call!(app.auth.get_json_web_key_set(request)).unwrap().keys
}

#[tokio::test]
async fn the_public_keys_verify_a_token() {
    let app = App::secure_on(new_database().await, &[KEY, OTHER_KEY]).await;
    let tokens = app.new_user("ann@example.com").await;
    let keys = public_keys(&app).await;
    assert_eq!(keys.len(), 2);
    let header = decode_header(&tokens.access_token).unwrap();
    assert_eq!(header.kid.as_ref(), Some(&keys[0].kid));
    assert_eq!((&*keys[0].kty, &*keys[0].crv), ("OKP", "Ed25519"));

    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["minicrm"]);
    let verify = |key: &JsonWebKey| {
        let key = DecodingKey::from_ed_components(&key.x).unwrap();
        decode::<Value>(&tokens.access_token, &key, &validation)
    };
    let claims = verify(&keys[0]).unwrap().claims;
    let me = app.me(&tokens.access_token).await.unwrap();
    assert_eq!(claims["sub"], me.user.unwrap().id);
    verify(&keys[1]).unwrap_err();

    // Nothing that is private is among them.
    let private = KEY.lines().nth(1).unwrap();
    let der = base64::prelude::BASE64_STANDARD.decode(private).unwrap();
    let secret = BASE64_URL_SAFE_NO_PAD.encode(&der[der.len() - 32..]);
    assert!(!format!("{keys:?}").contains(&secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_while_servers_run() {
    let database = new_database().await;
    let old = App::secure_on(database.clone(), &[KEY, OTHER_KEY]).await;
    let new = App::secure_on(database, &[OTHER_KEY, KEY]).await;
    let by_old = old.new_user("ann@example.com").await.access_token;
    let by_new = new.new_user("ben@example.com").await.access_token;
    let calls = (0..100).map(|number| {
        let app = [&old, &new][number % 2];
        let token = [&by_old, &by_new][number / 2 % 2];
        app.me(token)
    });
    for outcome in join_all(calls).await {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn a_shared_secret_signs_too_and_is_not_published() {
    let secret = Key::Secret(vec![7; 32]);
    let app = App::authenticating(new_database().await, &[secret], [100, 100]).await;
    let tokens = app.new_user("ann@example.com").await;
    let header = decode_header(&tokens.access_token).unwrap();
    assert_eq!(header.alg, Algorithm::HS256);
    app.me(&tokens.access_token).await.unwrap();
    assert_eq!(public_keys(&app).await, []);
    let other = App::secure().await;
    let outcome = other.me(&tokens.access_token).await;
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
}
