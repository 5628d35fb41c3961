//! Registering, and who one is then.

use minicrm::{
    access::credential::{Credential, INVITATION_PREFIX},
    ids::{InvitationId, OrganizationId},
    proto::{
        GetJsonWebKeySetRequest, GetMeRequest, GetSourceRequest, LogoutRequest, Membership,
        RegisterRequest, Role, Tokens,
    },
};
use tonic::Code;

use super::{PASSWORD, registration};
use crate::support::{App, assert_error, assert_invalid, call};

#[tokio::test]
async fn who_registers_owns_a_new_organization() {
    let app = App::secure().await;
    let request = RegisterRequest {
        email: " Ann@Example.COM ".to_owned(),
        ..registration("")
    };
    let answer = app.register(request).await.unwrap();
    let (user, organization) = (answer.user.unwrap(), answer.organization.unwrap());
    assert_eq!((&*user.email, &*user.name), ("ann@example.com", "Ann"));
    assert_eq!(organization.name, "Acme");
    assert_eq!(organization.default_currency, "EUR");
    assert!(organization.create_time.is_some() && !organization.etag.is_empty());

    let tokens = app.login("ANN@example.com", PASSWORD).await.unwrap();
    let me = app.me(&tokens.access_token).await.unwrap();
    assert_eq!(me.user, Some(user));
    let membership = Membership {
        is_default: true,
        organization: Some(organization.clone()),
        role: Role::Owner.into(),
    };
    assert_eq!(me.memberships, [membership]);

    // They work there.
    let app = app.with(&tokens.access_token, &organization.id);
    let source = app.source("site", &[]).await;
    let id = source.id;
    call!(app.sources.get_source(GetSourceRequest { id })).unwrap();
}

#[tokio::test]
async fn an_address_is_registered_once() {
    let app = App::secure().await;
    app.register(registration("ann@example.com")).await.unwrap();
    let outcome = app.register(registration("ANN@example.com")).await;
    assert_error(outcome, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
    // Nothing of the second is left.
    let tokens = app.login("ann@example.com", PASSWORD).await.unwrap();
    let me = app.me(&tokens.access_token).await.unwrap();
    assert_eq!(me.memberships.len(), 1);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_registration_is_said() {
    let app = App::secure().await;
    let outcome = app.register(RegisterRequest::default()).await;
    assert_invalid(outcome, &["email", "password", "name", "organization_name"]);
    let request = RegisterRequest {
        email: "nobody".to_owned(),
        name: "n".repeat(256),
        invitation_token: "mci_?".to_owned(),
        ..registration("")
    };
    let fields = ["email", "name", "organization_name", "invitation_token"];
    assert_invalid(app.register(request).await, &fields);
}

#[tokio::test]
async fn an_invitation_is_for_one_address_and_one_use() {
    let app = App::secure().await;
    let owner = app.register(registration("ann@example.com")).await.unwrap();
    let organization = owner.organization.unwrap();
    let invite = async |email: &str, days: i32| {
        let invitation: Credential<InvitationId> =
            Credential::generate(OrganizationId::from_uuid(organization.id.parse().unwrap()));
        let hash: String = invitation.hash().map(|b| format!("{b:02x}")).concat();
        app.execute(&format!(
            "INSERT INTO invitations (organization_id, id, email, role, token_hash, expire_time)
             VALUES ('{}', '{}', '{email}', 'MANAGER', '\\x{hash}', now() + interval '{days} days')",
            organization.id, invitation.id
        ))
        .await;
        RegisterRequest {
            organization_name: String::new(),
            invitation_token: invitation.text(INVITATION_PREFIX),
            ..registration(email)
        }
    };
    let ben = invite("ben@example.com", 7).await;
    let late = invite("late@example.com", -1).await;

    let other = RegisterRequest {
        email: "cleo@example.com".to_owned(),
        ..ben.clone()
    };
    let forged = Credential {
        secret: [0; 32],
        ..Credential::<InvitationId>::parse(INVITATION_PREFIX, &ben.invitation_token).unwrap()
    };
    let forged = RegisterRequest {
        invitation_token: forged.text(INVITATION_PREFIX),
        ..ben.clone()
    };
    let elsewhere = Credential {
        organization_id: OrganizationId::generate(),
        ..Credential::<InvitationId>::parse(INVITATION_PREFIX, &ben.invitation_token).unwrap()
    };
    let elsewhere = RegisterRequest {
        invitation_token: elsewhere.text(INVITATION_PREFIX),
        ..ben.clone()
    };
    for wrong in [other, forged, elsewhere, late] {
        let outcome = app.register(wrong).await;
        assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    }

    let joined = app.register(ben.clone()).await.unwrap();
    assert_eq!(joined.organization, Some(organization));
    let tokens = app.login("ben@example.com", PASSWORD).await.unwrap();
    let me = app.me(&tokens.access_token).await.unwrap();
    assert_eq!(me.memberships[0].role(), Role::Manager);
    let outcome = app.register(ben).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn there_are_no_users_without_authentication() {
    const REASON: &str = "AUTHENTICATION_OFF";
    let app = App::start().await;
    let outcome = app.register(registration("ann@example.com")).await;
    assert_error(outcome, Code::FailedPrecondition, REASON);
    let outcome = app.login("ann@example.com", PASSWORD).await;
    assert_error(outcome, Code::FailedPrecondition, REASON);
    let outcome = app.refresh(&Tokens::default()).await;
    assert_error(outcome, Code::FailedPrecondition, REASON);
    let outcome = call!(app.auth.logout(LogoutRequest::default()));
    assert_error(outcome, Code::FailedPrecondition, REASON);
    let outcome = call!(app.auth.get_me(GetMeRequest {}));
    assert_error(outcome, Code::FailedPrecondition, REASON);
    let outcome = app.change_password("", ["", ""]).await;
    assert_error(outcome, Code::FailedPrecondition, REASON);
    let set = call!(app.auth.get_json_web_key_set(GetJsonWebKeySetRequest {}));
    assert_eq!(set.unwrap().keys, []);
}
