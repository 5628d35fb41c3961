//! How the binary is told to authenticate its callers.

use std::{
    os::unix::fs::{PermissionsExt, chown},
    process::Stdio,
};

use minicrm::{
    auth::tokens::{Key, Keys},
    proto::{
        GetJsonWebKeySetRequest, GetLeadRequest, JsonWebKey, JsonWebKeySet, LoginRequest,
        RegisterRequest,
    },
};
use tonic::Code;

use super::{DataDir, Process, SecretFile, binary::command, channel, free_address};
use crate::support::{App, KEY, assert_error, call, new_database};

/// What the binary says when it does not start.
async fn refusal(address: &str, settings: &[(&str, &str)]) -> String {
    let mut command = command(address.parse().unwrap(), settings);
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_once_and_kept() {
    let dir = DataDir::new("authentication");
    let root = dir.0.display().to_string();
    let settings = [("MINICRM_DATA_DIR", &*root), ("MINICRM_AUTH", "true")];
    let mut published = Vec::new();
    for _ in 0..2 {
        let address = free_address();
        let process = Process::start(address, &settings).await;
        let app = App::at(channel(address), dir.url());
        let request = GetJsonWebKeySetRequest {};
        published.push(call!(app.auth.get_json_web_key_set(request)).unwrap());
        let outcome = call!(app.leads.get_lead(GetLeadRequest::default()));
        assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
        assert!(process.terminate().await.success());
    }
    assert_eq!(published[0], published[1]);
    let file = dir.0.join("jwt-key.pem");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let pem = std::fs::read_to_string(file).unwrap();
    let keys = Keys::new(&[Key::Ed25519Pem(pem)], "minicrm", "minicrm").unwrap();
    let [key] = keys.public() else {
        panic!("one key");
    };
    let key = JsonWebKey {
        kty: key.kty.to_owned(),
        crv: key.crv.to_owned(),
        kid: key.kid.clone(),
        r#use: key.r#use.to_owned(),
        alg: key.alg.to_owned(),
        x: key.x.clone(),
    };
    assert_eq!(JsonWebKeySet { keys: vec![key] }, published[0]);
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let url = new_database().await;
    let address = free_address().to_string();
    let settings = [("DATABASE_URL", &*url), ("MINICRM_AUTH", "true")];
    let text = refusal(&address, &settings).await;
    assert!(text.contains("MINICRM_JWT_KEY_FILES"), "{text}");
    let missing = [
        ("DATABASE_URL", &*url),
        ("MINICRM_JWT_KEY_FILES", "/nowhere/key.pem"),
    ];
    let text = refusal(&address, &missing).await;
    assert!(text.contains("/nowhere/key.pem"), "{text}");
    let text = refusal("0.0.0.0:0", &[("DATABASE_URL", &*url)]).await;
    assert!(text.contains("loopback"), "{text}");
}

/// Mutant: files that are read whatever their mode.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_can_read_is_not_used() {
    let url = new_database().await;
    let address = free_address().to_string();
    let file = SecretFile::new("mode", KEY);
    for setting in ["MINICRM_JWT_KEY_FILES", "MINICRM_JWT_SECRET_FILES"] {
        let settings = [("DATABASE_URL", &*url), (setting, file.path())];
        for mode in [0o644, 0o640, 0o604, 0o660, 0o622, 0o777] {
            file.set_mode(mode);
            let text = refusal(&address, &settings).await;
            assert!(
                text.contains(file.path()) && text.contains("chmod"),
                "{text}"
            );
        }
    }
    file.set_mode(0o600);
    let cert = SecretFile::new("cert", include_str!("../edge/tls/server.pem"));
    let key = SecretFile::new("key", include_str!("../edge/tls/server.key.pem"));
    key.set_mode(0o644);
    let settings = [
        ("DATABASE_URL", &*url),
        ("MINICRM_TLS_CERT", cert.path()),
        ("MINICRM_TLS_KEY", key.path()),
    ];
    let text = refusal(&address, &settings).await;
    assert!(
        text.contains(key.path()) && text.contains("chmod"),
        "{text}"
    );

    // A group may hand over what is somebody else's, as Kubernetes does, but no more.
    let settings = [
        ("DATABASE_URL", &*url),
        ("MINICRM_JWT_KEY_FILES", file.path()),
    ];
    for mode in [0o400, 0o600] {
        file.set_mode(mode);
        let process = Process::start(free_address(), &settings).await;
        assert!(process.terminate().await.success());
    }
    // Only root gives files away.
    if chown(file.path(), Some(65_532), Some(65_532)).is_ok() {
        for mode in [0o660, 0o644] {
            file.set_mode(mode);
            let text = refusal(&address, &settings).await;
            assert!(text.contains(file.path()), "{text}");
        }
        file.set_mode(0o440);
        let process = Process::start(free_address(), &settings).await;
        assert!(process.terminate().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lifetimes_are_settings() {
    let url = new_database().await;
    let file = SecretFile::new("lifetimes", KEY);
    let with = |more: &[(&'static str, &'static str)]| {
        let settings = [
            ("DATABASE_URL", &*url),
            ("MINICRM_JWT_KEY_FILES", file.path()),
        ];
        [&settings[..], more].concat()
    };
    let address = free_address();
    for (setting, value) in [
        ("MINICRM_ACCESS_TOKEN_LIFETIME", "59s"),
        ("MINICRM_ACCESS_TOKEN_LIFETIME", "2d"),
        ("MINICRM_ACCESS_TOKEN_LIFETIME", "soon"),
        ("MINICRM_REFRESH_TOKEN_LIFETIME", "1m"),
        // Longer than a session.
        ("MINICRM_REFRESH_TOKEN_LIFETIME", "31d"),
        ("MINICRM_SESSION_LIFETIME", "6d"),
        ("MINICRM_REFRESH_GRACE", "2m"),
        ("MINICRM_REGISTRATION", "never"),
    ] {
        let text = refusal(&address.to_string(), &with(&[(setting, value)])).await;
        let flag = setting["MINICRM_".len()..].to_lowercase().replace('_', "-");
        assert!(text.contains(setting) || text.contains(&flag), "{text}");
    }

    let settings = with(&[
        ("MINICRM_ACCESS_TOKEN_LIFETIME", "2m"),
        ("MINICRM_REFRESH_TOKEN_LIFETIME", "2h"),
    ]);
    let process = Process::start(address, &settings).await;
    let app = App::at(channel(address), url.clone());
    let (email, password) = ("ann@example.com", "Correct-Horse-7");
    let request = RegisterRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        name: "Ann".to_owned(),
        organization_name: "Acme".to_owned(),
        ..Default::default()
    };
    call!(app.auth.register(request)).unwrap();
    let request = LoginRequest {
        email: email.to_owned(),
        password: password.to_owned(),
    };
    let tokens = call!(app.auth.login(request)).unwrap();
    let access = tokens.access_expire_time.unwrap().seconds;
    let refresh = tokens.refresh_expire_time.unwrap().seconds;
    let apart = 2 * 3600 - 2 * 60;
    assert!((apart - 10..=apart + 10).contains(&(refresh - access)));
    assert!(process.terminate().await.success());
}
