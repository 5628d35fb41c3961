//! Access tokens that somebody has made up: all are refused in the same words.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, decode_header, encode};
use minicrm::proto::{CreateOrganizationRequest, GetMeRequest, Organization};
use serde_json::{Value, json};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{App, KEY, OTHER_KEY, assert_error, call};

/// A good token, taken apart.
struct Good {
    app: App,
    token: String,
    header: Header,
    claims: Value,
    refused: Status,
}

impl Good {
    async fn new() -> Self {
        let app = App::secure().await;
        let token = app.new_user("ann@example.com").await.access_token;
        let header = decode_header(&token).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims = serde_json::from_slice(&claims).unwrap();
        let refused = app.me("").await.unwrap_err();
        assert_error(
            Err::<(), _>(refused.clone()),
            Code::Unauthenticated,
            "UNAUTHENTICATED",
        );
        Self {
            app,
            token,
            header,
            claims,
            refused,
        }
    }

    /// The same with another value of a claim.
    fn claiming(&self, name: &str, value: impl Into<Value>) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value.into();
        signed(&self.header, &claims)
    }

    async fn assert_refused(&self, what: &str, token: &str) {
        let refused = self.app.me(token).await.expect_err(what);
        assert_eq!(refused.code(), self.refused.code(), "{what}");
        assert_eq!(refused.message(), self.refused.message(), "{what}");
        assert_eq!(refused.details(), self.refused.details(), "{what}");
    }
}

/// A token with this header and these claims, signed with the right key.
fn signed(header: &Header, claims: &Value) -> String {
    let key = EncodingKey::from_ed_pem(KEY.as_bytes()).unwrap();
    encode(header, claims, &key).unwrap()
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn what_a_token_says_must_hold() {
    let good = Good::new().await;
    let same = signed(&good.header, &good.claims);
    good.app.me(&same).await.unwrap();

    for claim in ["sub", "jti", "iss", "aud", "iat", "nbf", "exp"] {
        let mut claims = good.claims.clone();
        claims.as_object_mut().unwrap().remove(claim);
        let token = signed(&good.header, &claims);
        good.assert_refused(&format!("no {claim}"), &token).await;
    }
    let now = good.claims["iat"].as_i64().unwrap();
    let wrong = [
        ("aud", json!("others")),
        ("aud", json!(["minicrm-2", "others"])),
        ("iss", json!("others")),
        ("iss", json!(["minicrm", "others"])),
        ("exp", json!(now - 120)),
        ("exp", json!(-1)),
        ("exp", json!(i64::MAX)),
        ("exp", json!("never")),
        ("nbf", json!(now + 600)),
        ("sub", json!("' OR true")),
        ("sub", Value::Null),
    ];
    for (claim, value) in wrong {
        let what = format!("{claim} {value}");
        good.assert_refused(&what, &good.claiming(claim, value))
            .await;
    }
    // Somebody who does not exist.
    let nobody = Uuid::now_v7().to_string();
    good.assert_refused("nobody", &good.claiming("sub", nobody))
        .await;
}

/// Whoever has a key can sign for anybody, even for users of another database.
#[tokio::test]
async fn who_does_not_exist_makes_nothing() {
    let good = Good::new().await;
    let nobody = good.claiming("sub", Uuid::now_v7().to_string());
    let app = good.app.with(&nobody, "");
    let request = CreateOrganizationRequest {
        organization: Some(Organization {
            name: "Acme".to_owned(),
            ..Organization::default()
        }),
        ..Default::default()
    };
    let outcome = call!(app.organizations.create_organization(request));
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    let outcome = call!(app.auth.get_me(GetMeRequest {}));
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    let outcome = app.change_password("", ["", ""]).await;
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    assert_eq!(app.count("SELECT FROM organizations").await, 1);
}

#[tokio::test]
async fn a_token_is_signed_with_a_key_of_ours_as_that_key_signs() {
    let good = Good::new().await;
    let kids = [
        "",
        "unknown",
        "../../etc/passwd",
        "/dev/null",
        "' OR true --",
    ];
    for kid in kids {
        let header = Header {
            kid: Some(kid.to_owned()),
            ..good.header.clone()
        };
        good.assert_refused(kid, &signed(&header, &good.claims))
            .await;
    }
    let header = Header {
        kid: None,
        ..good.header.clone()
    };
    good.assert_refused("no kid", &signed(&header, &good.claims))
        .await;
    for typ in [None, Some("JWE"), Some("rt+jwt"), Some("jwt")] {
        let header = Header {
            typ: typ.map(str::to_owned),
            ..good.header.clone()
        };
        good.assert_refused("typ", &signed(&header, &good.claims))
            .await;
    }

    // What is critical is not understood (RFC 7515, 4.1.11).
    for crit in [&[][..], &["exp"], &["b64"], &["x-unknown"]] {
        let header = Header {
            crit: Some(crit.iter().map(ToString::to_string).collect()),
            ..good.header.clone()
        };
        good.assert_refused("crit", &signed(&header, &good.claims))
            .await;
    }

    let kid = good.header.kid.clone().unwrap();
    let [header, claims, signature] = *good.token.split('.').collect::<Vec<_>>() else {
        panic!("three parts")
    };
    for alg in ["none", "None", "NONE", "HS256", "ES256", "RS256"] {
        let header = part(&json!({ "alg": alg, "typ": "JWT", "kid": kid }));
        let with_signature = format!("{header}.{claims}.{signature}");
        good.assert_refused(alg, &with_signature).await;
        good.assert_refused(alg, &format!("{header}.{claims}."))
            .await;
        good.assert_refused(alg, &format!("{header}.{claims}"))
            .await;
    }
    good.assert_refused("stripped", &format!("{header}.{claims}."))
        .await;

    // What everybody knows is no secret.
    let public = minicrm::auth::tokens::Keys::new(
        &[minicrm::auth::tokens::Key::Ed25519Pem(KEY.to_owned())],
        "minicrm",
        "minicrm",
    );
    let x = public.unwrap().public()[0].x.clone();
    let raw = BASE64_URL_SAFE_NO_PAD.decode(&x).unwrap();
    for secret in [x.as_bytes(), &raw, KEY.as_bytes(), b""] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(kid.clone());
        let token = encode(&header, &good.claims, &EncodingKey::from_secret(secret));
        good.assert_refused("HS256", &token.unwrap()).await;
    }
    let other = EncodingKey::from_ed_pem(OTHER_KEY.as_bytes()).unwrap();
    let token = encode(&good.header, &good.claims, &other).unwrap();
    good.assert_refused("another key", &token).await;
    // A key that comes with the token is not looked at.
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
    let header = part(&json!({ "alg": "EdDSA", "typ": "JWT", "jwk": jwk, "jku": "http://[::1]/" }));
    good.assert_refused("jwk", &format!("{header}.{claims}.{signature}"))
        .await;
}

#[tokio::test]
async fn a_token_is_whole() {
    let good = Good::new().await;
    let (signed, signature) = good.token.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    for bit in (0..signature.len() * 8).step_by(7) {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let flipped = BASE64_URL_SAFE_NO_PAD.encode(flipped);
        good.assert_refused("a bit", &format!("{signed}.{flipped}"))
            .await;
    }
    let token = &good.token;
    let long = format!("{token}{}", "A".repeat(12_000));
    let broken = [
        &token[1..],
        &token[..token.len() - 1],
        &format!("{token}.{token}"),
        &format!("{token}="),
        &long,
        "mck_",
        "mck_AAAA",
        "...",
        "a.b.c",
    ];
    for broken in broken {
        good.assert_refused("broken", broken).await;
    }
}

/// So long that the connection's limit of headers may refuse it before.
#[tokio::test]
async fn a_huge_token_is_refused() {
    let good = Good::new().await;
    let huge = "A".repeat(100_000);
    good.app.me(&huge).await.unwrap_err();
    good.app.me(&good.token).await.unwrap();
}
