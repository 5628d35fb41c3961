//! How the binary is told to authenticate its callers.

use std::{os::unix::fs::PermissionsExt, process::Stdio};

use minicrm::{
    auth::tokens::{Key, Keys},
    proto::{GetJsonWebKeySetRequest, GetLeadRequest},
};
use tonic::Code;

use super::{DataDir, Process, binary::command, channel, free_address};
use crate::support::{App, assert_error, call, new_database};

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
    assert_eq!(keys.public(), published[0]);
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
