//! Addresses that are verified, and passwords that are set anew, by mail.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::join_all;
use minicrm::{
    auth::mail::config::Mails,
    proto::{
        RequestEmailVerificationRequest, RequestPasswordResetRequest, ResetPasswordRequest,
        VerifyEmailRequest,
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tonic::{Code, Status};

use super::{PASSWORD, count, registration};
use crate::support::{App, assert_error, assert_invalid, call, new_database, secure_with, within};

const NEW: &str = "Battery-Staple-8";

/// A mail server, and what it was given.
struct Server {
    address: SocketAddr,
    mails: UnboundedReceiver<String>,
    /// How many mails it does not take before it takes one.
    refusing: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, mails) = unbounded_channel();
        let refusing = Arc::new(AtomicUsize::new(0));
        let refuses = Arc::clone(&refusing);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(speak(stream, sender.clone(), Arc::clone(&refuses)));
            }
        });
        Self {
            address,
            mails,
            refusing,
        }
    }

    /// What the next mail says, and the token in it.
    async fn next(&mut self) -> (String, String) {
        let mail = within("a mail", self.mails.recv()).await.unwrap();
        // As mail programs read it (RFC 2045).
        let mail = mail.replace("=\r\n", "").replace("=3D", "=");
        let (_, token) = mail.split_once("?token=").unwrap();
        let token = token.split_whitespace().next().unwrap().to_owned();
        (mail, token)
    }

    /// Asserts that no mail is under way to the servers' users.
    fn assert_silent(&mut self) {
        assert!(self.mails.try_recv().is_err());
    }
}

/// As little SMTP as it takes.
async fn speak(stream: TcpStream, mails: UnboundedSender<String>, refusing: Arc<AtomicUsize>) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader);
    let (mut line, mut mail) = (String::new(), None::<String>);
    writer.write_all(b"220 test\r\n").await.unwrap();
    loop {
        line.clear();
        if lines.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let answer = match (&mut mail, line.split(' ').next().unwrap().trim()) {
            (Some(text), ".") => {
                mails.send(std::mem::take(text)).unwrap();
                mail = None;
                "250 taken"
            }
            (Some(text), _) => {
                text.push_str(&line);
                continue;
            }
            (None, "MAIL") => {
                let fewer = |left: usize| left.checked_sub(1);
                match refusing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer) {
                    Ok(_) => "451 later",
                    Err(_) => "250 ok",
                }
            }
            (None, "DATA") => {
                mail = Some(String::new());
                "354 go on"
            }
            (None, "QUIT") => "221 bye",
            (None, _) => "250 ok",
        };
        let _ = writer.write_all(format!("{answer}\r\n").as_bytes()).await;
    }
}

/// A service that sends mails.
async fn mailing(server: &Server) -> App {
    mailing_on(new_database().await, server).await
}

async fn mailing_on(database_url: String, server: &Server) -> App {
    let mails = Mails {
        smtp_url: Some(format!("smtp://{}", server.address)),
        mail_from: Some("Acme <crm@example.com>".to_owned()),
        public_url: Some("https://crm.example.com/".to_owned()),
    };
    let settings = secure_with(|settings| settings.mailer = mails.mailer().unwrap());
    App::made_with(database_url, settings).await
}

impl App {
    async fn verify_address(&self, token: &str) -> Result<(), Status> {
        let token = token.to_owned();
        call!(self.auth.verify_email(VerifyEmailRequest { token }))
    }

    async fn forgot(&self, email: &str) -> Result<(), Status> {
        let email = email.to_owned();
        let request = RequestPasswordResetRequest { email };
        call!(self.auth.request_password_reset(request))
    }

    async fn reset(&self, token: &str, new: &str) -> Result<(), Status> {
        let request = ResetPasswordRequest {
            token: token.to_owned(),
            new_password: new.to_owned(),
        };
        call!(self.auth.reset_password(request))
    }

    async fn is_verified(&self, access_token: &str) -> bool {
        let me = self.me(access_token).await.unwrap();
        me.user.unwrap().email_verify_time.is_some()
    }
}

#[tokio::test]
async fn a_mailed_token_verifies_an_address_once() {
    let mut server = Server::start().await;
    let app = mailing(&server).await;
    let tokens = app.new_user("ann@example.com").await;
    let (mail, token) = server.next().await;
    assert!(mail.contains("To: ann@example.com") && mail.contains("From: Acme <crm@example.com>"));
    assert!(mail.contains("https://crm.example.com/verify-email?token=mcm_"));
    assert!(!app.is_verified(&tokens.access_token).await);

    // Another one, and one that is over.
    let caller = app.with(&tokens.access_token, "");
    let request = RequestEmailVerificationRequest {};
    call!(caller.auth.request_email_verification(request)).unwrap();
    let (_, second) = server.next().await;
    assert_ne!(token, second);
    let over = "UPDATE user_tokens SET expire_time = now() WHERE create_time =
                    (SELECT max(create_time) FROM user_tokens)";
    app.execute(over).await;
    let outcome = app.reset(&token, NEW).await;
    assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    for wrong in [&second, "mcm_", &token[1..], PASSWORD] {
        let outcome = app.verify_address(wrong).await;
        assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    }
    assert_invalid(app.verify_address("").await, &["token"]);
    assert!(!app.is_verified(&tokens.access_token).await);

    app.verify_address(&token).await.unwrap();
    assert!(app.is_verified(&tokens.access_token).await);
    let outcome = app.verify_address(&token).await;
    assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    assert_eq!(count(&app, "user_tokens").await, 0);
    // Who is verified is sent no more.
    call!(caller.auth.request_email_verification(request)).unwrap();
    app.forgot("ann@example.com").await.unwrap();
    let (mail, _) = server.next().await;
    assert!(mail.contains("/reset-password?token="));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_token_sets_a_password_once() {
    let mut server = Server::start().await;
    let app = mailing(&server).await;
    let tokens = app.new_user("ann@example.com").await;
    server.next().await;
    app.forgot("ANN@example.com").await.unwrap();
    let (mail, first) = server.next().await;
    assert!(mail.contains("To: ann@example.com"));
    app.forgot("ann@example.com").await.unwrap();
    let (_, second) = server.next().await;
    let stored = format!(
        "user_tokens AS t WHERE strpos(t::text, '{}') > 0",
        &first[4..]
    );
    assert_eq!(count(&app, &stored).await, 0);

    assert_invalid(app.reset(&first, "weak").await, &["new_password"; 3]);
    let outcome = app.verify_address(&first).await;
    assert_error(outcome, Code::Unauthenticated, "CREDENTIALS_INVALID");
    // Nothing has changed yet.
    app.login("ann@example.com", PASSWORD).await.unwrap();
    let tokens = app.refresh(&tokens).await.unwrap();

    let outcomes = join_all((0..16).map(|_| app.reset(&first, NEW))).await;
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(done, 1);
    // All sessions have ended, and other tokens, too.
    for outcome in [
        app.refresh(&tokens).await.map(|_| ()),
        app.reset(&second, PASSWORD).await,
        app.me(&tokens.access_token).await.map(|_| ()),
        app.login("ann@example.com", PASSWORD).await.map(|_| ()),
    ] {
        assert_eq!(outcome.unwrap_err().code(), Code::Unauthenticated);
    }
    let tokens = app.login("ann@example.com", NEW).await.unwrap();
    // Who has read the mail has the address.
    assert!(app.is_verified(&tokens.access_token).await);
}

/// Mutant: an answer after somebody was looked for.
#[tokio::test]
async fn it_is_not_said_whether_somebody_has_an_address() {
    let mut server = Server::start().await;
    let app = mailing(&server).await;
    app.register(registration("ann@example.com")).await.unwrap();
    server.next().await;
    // Answered while nobody can be looked for: neither by its answer nor by its time
    // does it say more.
    let mut conn = app.database().await;
    let lock = "BEGIN; LOCK TABLE users, user_tokens";
    diesel_async::SimpleAsyncConnection::batch_execute(&mut conn, lock)
        .await
        .unwrap();
    app.forgot("nobody@example.com").await.unwrap();
    app.forgot("ann@example.com").await.unwrap();
    drop(conn);
    let (mail, _) = server.next().await;
    assert!(mail.contains("To: ann@example.com"));
    assert_invalid(app.forgot("").await, &["email"]);
    server.assert_silent();
}

#[tokio::test]
async fn mails_are_tried_again_and_few() {
    let mut server = Server::start().await;
    let app = mailing(&server).await;
    server.refusing.store(1, Ordering::SeqCst);
    app.register(registration("ann@example.com")).await.unwrap();
    let (mail, _) = server.next().await;
    assert!(mail.contains("/verify-email?token="));
    assert_eq!(server.refusing.load(Ordering::SeqCst), 0);
    for _ in 0..5 {
        app.forgot("ann@example.com").await.unwrap();
        app.forgot("nobody@example.com").await.unwrap();
        server.next().await;
    }
    // However many ask, whether somebody has it or not.
    let other = app.from(Ipv4Addr::new(127, 0, 0, 2)).await;
    for email in ["ann@example.com", "nobody@example.com"] {
        let outcome = other.forgot(email).await;
        assert_error(outcome, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
    }
}

#[tokio::test]
async fn without_a_server_no_mails_are_promised() {
    let app = App::secure().await;
    let tokens = app.new_user("ann@example.com").await;
    let outcome = app.forgot("ann@example.com").await;
    assert_error(outcome, Code::FailedPrecondition, "MAIL_OFF");
    let caller = app.with(&tokens.access_token, "");
    let request = RequestEmailVerificationRequest {};
    let outcome = call!(caller.auth.request_email_verification(request));
    assert_error(outcome, Code::FailedPrecondition, "MAIL_OFF");
}
