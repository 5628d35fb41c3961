//! Membership begins with an invitation that is accepted.

use futures_util::future::join_all;
use minicrm::{
    Limits,
    app::Settings,
    proto::{
        AcceptInvitationRequest, ApiKeyAccess, Invitation, ListInvitationsRequest,
        ListInvitationsResponse, RegisterRequest, RevokeApiKeyRequest, RevokeInvitationRequest,
        Role,
    },
};
use tonic::{Code, Status};

use super::roles::Team;
use crate::support::{App, assert_error, assert_invalid, call, new_database, request_id, secure};

async fn list(app: &App, page_size: i32, page_token: &str) -> ListInvitationsResponse {
    let request = ListInvitationsRequest {
        page_size,
        page_token: page_token.to_owned(),
        ..Default::default()
    };
    call!(app.organizations.list_invitations(request)).unwrap()
}

async fn revoke(app: &App, id: &str) -> Result<(), Status> {
    let request = RevokeInvitationRequest {
        id: id.to_owned(),
        ..Default::default()
    };
    call!(app.organizations.revoke_invitation(request))
}

async fn register(app: &App, email: &str, token: &str) -> Result<(), Status> {
    let request = RegisterRequest {
        email: email.to_owned(),
        password: "Battery-Staple-7".to_owned(),
        name: "Somebody".to_owned(),
        invitation_token: token.to_owned(),
        ..Default::default()
    };
    call!(app.auth.register(request)).map(drop)
}

#[track_caller]
fn assert_gone<T: std::fmt::Debug>(outcome: Result<T, Status>) {
    let details = assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_eq!(details.resource_info().unwrap().resource_type, "invitation");
}

/// What an answer says, but for what is the invitation's own.
fn shape(invitation: &Invitation) -> Invitation {
    assert_eq!(invitation.id.len(), 36);
    assert!(invitation.token.starts_with("mci_"));
    assert_eq!(invitation.token.len(), 90);
    let seconds = |time: &Option<prost_types::Timestamp>| time.unwrap().seconds;
    let lasts = seconds(&invitation.expire_time) - seconds(&invitation.create_time);
    assert_eq!(lasts, 7 * 24 * 3600);
    Invitation {
        id: String::new(),
        email: String::new(),
        token: String::new(),
        create_time: None,
        expire_time: None,
        ..invitation.clone()
    }
}

#[tokio::test]
async fn the_answer_does_not_tell_who_is_registered() {
    let team = Team::new().await;
    let bob = team.app.user("bob@example.com").await;
    let known = team.anns.invite(&bob.email, Role::Member).await;
    let unknown = team.anns.invite("new@example.com", Role::Member).await;
    assert_eq!(shape(&known), shape(&unknown));
    assert_eq!(known.inviter_user_id, team.ann.id);
    // And Bob is left alone until he accepts.
    let bobs = team.app.with(&bob.token, "");
    let outcome = bobs.enter().await;
    assert_error(outcome, Code::PermissionDenied, "ORGANIZATION_REQUIRED");
    team.app.accept(&bob, &known.token).await.unwrap();
    assert_eq!(bobs.enter().await.unwrap(), team.acme);
}

#[tokio::test]
async fn an_invitation_is_for_its_address_and_once() {
    let team = Team::new().await;
    let bob = team.app.user("bob@example.com").await;
    let eve = team.app.user("eve@example.com").await;
    let invitation = team.anns.invite(&bob.email, Role::Manager).await;
    assert_gone(team.app.accept(&eve, &invitation.token).await);
    assert_gone(register(&team.app, "other@example.com", &invitation.token).await);
    let request = AcceptInvitationRequest {
        token: invitation.token.clone(),
        request_id: request_id(),
    };
    let bobs = team.app.with(&bob.token, "");
    let accept = || async { call!(bobs.organizations.accept_invitation(request.clone())) };
    let accepted = accept().await.unwrap();
    assert_eq!(accepted.role(), Role::Manager);
    assert_eq!(accept().await.unwrap(), accepted);
    assert_gone(team.app.accept(&bob, &invitation.token).await);
    // Tokens of nothing.
    assert_invalid(team.app.accept(&bob, "mci_").await, &["token"]);
    let mut forged = invitation.token.clone();
    forged.replace_range(4..12, "AAAAAAAA");
    assert_gone(team.app.accept(&bob, &forged).await);
    let key = team.anns.key(ApiKeyAccess::Admin).await;
    let keys = team.app.with(&key.secret, "");
    let outcome = call!(keys.organizations.accept_invitation(request.clone()));
    assert_error(outcome, Code::PermissionDenied, "USER_REQUIRED");

    // Of many at once, one is let in.
    let max = team.app.user("max@example.com").await;
    let invitation = team.anns.invite(&max.email, Role::Member).await;
    let calls = (0..16).map(|_| team.app.accept(&max, &invitation.token));
    let outcomes = join_all(calls).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert_gone(outcome);
    }
}

#[tokio::test]
async fn invitations_are_listed_and_end() {
    let team = Team::new().await;
    let mut made = Vec::new();
    for number in 0..3 {
        let email = format!("{number}@example.com");
        made.insert(0, team.anns.invite(&email, Role::Member).await);
    }
    let tokens: Vec<_> = made
        .iter_mut()
        .map(|each| std::mem::take(&mut each.token))
        .collect();
    let all = list(&team.anns, 0, "").await;
    assert_eq!((&all.invitations, &*all.next_page_token), (&made, ""));
    let first = list(&team.anns, 2, "").await;
    let second = list(&team.anns, 2, &first.next_page_token).await;
    assert_eq!([first.invitations, second.invitations].concat(), made);

    revoke(&team.anns, &made[0].id).await.unwrap();
    assert_gone(revoke(&team.anns, &made[0].id).await);
    assert_gone(register(&team.app, &made[0].email, &tokens[0]).await);
    let expire = "UPDATE invitations SET expire_time = now() WHERE email = '1@example.com'";
    team.app.execute(expire).await;
    assert_gone(register(&team.app, &made[1].email, &tokens[1]).await);
    assert_gone(revoke(&team.anns, &made[1].id).await);
    let replaced = team.anns.invite(&made[2].email, Role::Admin).await;
    assert_gone(register(&team.app, &made[2].email, &tokens[2]).await);
    let all = list(&team.anns, 0, "").await.invitations;
    assert_eq!(
        all.iter().map(|each| &each.id).collect::<Vec<_>>(),
        [&replaced.id]
    );

    // Those of others are none of theirs.
    let eve = team.app.user("eve@example.com").await;
    let evil = team.app.organization(&eve).await;
    let eves = team.app.of(&eve, &evil);
    assert_eq!(list(&eves, 0, "").await.invitations, []);
    assert_gone(revoke(&eves, &replaced.id).await);
    register(&team.app, &replaced.email, &replaced.token)
        .await
        .unwrap();
}

/// Mutants: `join` does not ask who invited; roles and keys are taken without ending what was
/// made by them.
#[tokio::test]
async fn an_invitation_ends_with_the_power_of_who_made_it() {
    let team = Team::new().await;
    let (bob, bobs) = team.member("bob@example.com", Role::Owner).await;
    let key = team.anns.key(ApiKeyAccess::Admin).await;
    let keys = team.app.with(&key.secret, "");
    let id = key.api_key.unwrap().id;
    let role = |role: &str| {
        format!(
            "UPDATE members SET role = '{role}' WHERE user_id = '{}'",
            bob.id
        )
    };
    // As a process of the version before does it.
    let behind = [
        (&bobs, Role::Member, role("MANAGER"), role("OWNER")),
        (&bobs, Role::Owner, role("ADMIN"), role("OWNER")),
        (
            &keys,
            Role::Member,
            format!("UPDATE api_keys SET revoke_time = now() WHERE id = '{id}'"),
            format!("UPDATE api_keys SET revoke_time = NULL WHERE id = '{id}'"),
        ),
        (
            &keys,
            Role::Member,
            format!("UPDATE api_keys SET expire_time = now() WHERE id = '{id}'"),
            format!("UPDATE api_keys SET expire_time = NULL WHERE id = '{id}'"),
        ),
    ];
    for (number, (inviter, role, take, give)) in behind.into_iter().enumerate() {
        let person = team.app.user(&format!("{number}@example.com")).await;
        let invitation = inviter.invite(&person.email, role).await;
        team.app.execute(&take).await;
        assert_gone(team.app.accept(&person, &invitation.token).await);
        team.app.execute(&give).await;
        team.app.accept(&person, &invitation.token).await.unwrap();
    }

    // By the service.
    let pending = async || {
        let all = list(&team.anns, 0, "").await.invitations;
        all.into_iter().map(|each| each.email).collect::<Vec<_>>()
    };
    for (email, role) in [
        ("o@example.com", Role::Owner),
        ("m@example.com", Role::Member),
    ] {
        bobs.invite(email, role).await;
    }
    keys.invite("k@example.com", Role::Admin).await;
    assert_eq!(
        pending().await,
        ["k@example.com", "m@example.com", "o@example.com"]
    );
    team.anns.set_role(&bob, Role::Admin).await.unwrap();
    assert_eq!(pending().await, ["k@example.com", "m@example.com"]);
    let revoke = RevokeApiKeyRequest {
        id,
        ..Default::default()
    };
    let anns = &team.anns;
    call!(anns.organizations.revoke_api_key(revoke)).unwrap();
    assert_eq!(pending().await, ["m@example.com"]);
    team.anns.remove(&bob).await.unwrap();
    assert_eq!(pending().await, [""; 0]);
}

#[tokio::test]
async fn so_many_are_pending() {
    let limits = Limits {
        pending_invitations: 3,
        ..Limits::default()
    };
    let settings = Settings { limits, ..secure() };
    let app = App::made_with(new_database().await, settings).await;
    let ann = app.user("ann@example.com").await;
    let anns = app.of(&ann, &app.organization(&ann).await);
    let emails: Vec<_> = (0..12)
        .map(|number| format!("{number}@example.com"))
        .collect();
    let calls = emails.iter().map(|email| anns.add(email, Role::Member));
    let outcomes = join_all(calls).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert_error(outcome, Code::ResourceExhausted, "QUOTA_EXCEEDED");
    }
    // Another one in the place of one is no more.
    let pending = list(&anns, 0, "").await.invitations;
    anns.invite(&pending[0].email, Role::Admin).await;
    app.execute("UPDATE invitations SET expire_time = now()")
        .await;
    anns.invite("other@example.com", Role::Admin).await;
}
