//! `minicrm users`: users without anybody who registers.

use std::process::Stdio;

use minicrm::proto::{
    GetMeRequest, LoginRequest, RegisterRequest, ResetPasswordRequest, Role, VerifyEmailRequest,
};
use tokio::io::AsyncWriteExt;
use tonic::Code;

use super::binary::{command, free_address};
use crate::support::{App, assert_error, call, empty_database, secure_with};

const PASSWORD: &str = "Correct-Horse-7";

/// Whether it succeeds, and what it prints and logs.
async fn users(url: &str, arguments: &[&str], input: &str) -> (bool, String, String) {
    let mut command = command(free_address(), &[("DATABASE_URL", url)]);
    let command = command
        .env("RUST_LOG", "trace")
        .arg("users")
        .args(arguments);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// What it prints.
async fn printed(url: &str, arguments: &[&str], input: &str) -> String {
    let (done, printed, log) = users(url, arguments, input).await;
    assert!(done, "{log}");
    assert!(!log.contains(PASSWORD) && !log.contains("mcm_"), "{log}");
    printed
}

async fn login(app: &App, email: &str) -> App {
    let request = LoginRequest {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
    };
    let tokens = call!(app.auth.login(request)).unwrap();
    app.with(&tokens.access_token, "")
}

#[tokio::test]
async fn the_first_owner_of_a_closed_service() {
    let url = &empty_database().await;
    let create = "create --email Ann@Example.com --name Ann --organization Acme";
    let create: Vec<_> = create.split(' ').collect();
    let token = printed(url, &create, "").await;
    let settings = secure_with(|settings| {
        settings.registration = minicrm::auth::Registration::Closed;
    });
    let app = App::made_with(url.clone(), settings).await;
    let request = RegisterRequest::default();
    let outcome = call!(app.auth.register(request));
    assert_error(outcome, Code::PermissionDenied, "REGISTRATION_CLOSED");

    let token = token.trim().to_owned();
    let verify = VerifyEmailRequest {
        token: token.clone(),
    };
    let outcome = call!(app.auth.verify_email(verify));
    assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    let reset = ResetPasswordRequest {
        token,
        new_password: PASSWORD.to_owned(),
    };
    call!(app.auth.reset_password(reset.clone())).unwrap();
    let outcome = call!(app.auth.reset_password(reset));
    assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    let ann = login(&app, "ann@example.com").await;
    let me = call!(ann.auth.get_me(GetMeRequest {})).unwrap();
    assert!(me.user.unwrap().email_verify_time.is_some());
    assert_eq!(me.memberships[0].role(), Role::Owner);
    let name = &me.memberships[0].organization.as_ref().unwrap().name;
    assert_eq!(name, "Acme");

    // The address is taken; nothing is half made.
    let (done, printed, log) = users(url, &create, "").await;
    assert!(
        !done && printed.is_empty() && log.contains("already"),
        "{log}"
    );
    assert_eq!(app.count("SELECT FROM organizations").await, 1);
}

#[tokio::test]
async fn users_are_made_verified_reset_and_listed() {
    let url = &empty_database().await;
    let create = ["create", "--email", "ann@example.com", "--name", "Ann"];
    let with_password = [&create[..], &["--password-stdin"]].concat();
    let (done, _, log) = users(url, &with_password, "weak\n").await;
    assert!(!done && log.contains("password"), "{log}");
    let text = printed(url, &with_password, &format!("{PASSWORD}\n")).await;
    assert_eq!(text, "");
    let app = App::made_with(url.clone(), crate::support::secure()).await;
    let ann = login(&app, "ann@example.com").await;
    let me = call!(ann.auth.get_me(GetMeRequest {})).unwrap();
    assert_eq!(me.memberships, []);

    let ben = app.user("ben@example.com").await;
    let list = printed(url, &["list"], "").await;
    let lines: Vec<_> = list.lines().collect();
    assert_eq!(lines.len(), 2, "{list}");
    assert!(lines[0].contains("\tann@example.com\tverified\t") && lines[0].ends_with("\tAnn"));
    assert!(lines[1].starts_with(&ben.id) && lines[1].contains("\tunverified\t"));
    printed(url, &["verify", "--email", "BEN@example.com"], "").await;
    let list = printed(url, &["list"], "").await;
    assert!(!list.contains("unverified"), "{list}");

    // Who is given a token has not read a mail.
    app.execute("UPDATE users SET email_verify_time = NULL")
        .await;
    let token = printed(url, &["reset", "--email", "ben@example.com"], "").await;
    let reset = ResetPasswordRequest {
        token: token.trim().to_owned(),
        new_password: PASSWORD.to_owned(),
    };
    call!(app.auth.reset_password(reset)).unwrap();
    let ben = login(&app, "ben@example.com").await;
    let me = call!(ben.auth.get_me(GetMeRequest {})).unwrap();
    assert_eq!(me.user.unwrap().email_verify_time, None);
    for action in ["verify", "reset"] {
        let (done, _, log) = users(url, &[action, "--email", "eve@example.com"], "").await;
        assert!(!done && log.contains("no such user"), "{log}");
    }
}
