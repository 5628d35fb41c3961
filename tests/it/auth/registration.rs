//! Who may register.

use minicrm::{
    auth::Registration,
    proto::{RegisterRequest, Role, add_member_response},
};
use tonic::Code;

use super::registration;
use crate::support::{App, assert_error, new_database, secure_with};

async fn for_whom(database_url: &str, registration: Registration) -> App {
    let settings = secure_with(|settings| settings.registration = registration);
    App::made_with(database_url.to_owned(), settings).await
}

#[tokio::test]
async fn only_who_may_registers() {
    let url = new_database().await;
    let open = for_whom(&url, Registration::Open).await;
    let invited = for_whom(&url, Registration::Invitation).await;
    let closed = for_whom(&url, Registration::Closed).await;
    let answer = open
        .register(registration("ann@example.com"))
        .await
        .unwrap();
    let ann = answer.user.unwrap();
    assert_eq!(ann.email_verify_time, None);
    let tokens = open
        .login("ann@example.com", super::PASSWORD)
        .await
        .unwrap();
    let owner = open.with(&tokens.access_token, "");

    let outcome = invited.register(registration("ben@example.com")).await;
    assert_error(outcome, Code::PermissionDenied, "INVITATION_REQUIRED");
    let outcome = closed.register(registration("ben@example.com")).await;
    assert_error(outcome, Code::PermissionDenied, "REGISTRATION_CLOSED");

    let added = owner.add("ben@example.com", Role::Member).await.unwrap();
    let Some(add_member_response::Result::Invitation(invitation)) = added.result else {
        panic!("no invitation");
    };
    let with_token = RegisterRequest {
        organization_name: String::new(),
        invitation_token: invitation.token,
        ..registration("ben@example.com")
    };
    let forged = RegisterRequest {
        invitation_token: "mci_forged".to_owned(),
        ..with_token.clone()
    };
    invited.register(forged).await.unwrap_err();
    let outcome = closed.register(with_token.clone()).await;
    assert_error(outcome, Code::PermissionDenied, "REGISTRATION_CLOSED");
    assert_eq!(open.count("SELECT FROM users").await, 1);
    // Who has the invitation has the address.
    let answer = invited.register(with_token).await.unwrap();
    assert!(answer.user.unwrap().email_verify_time.is_some());
}
