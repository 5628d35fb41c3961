//! Who may give and take which role, and that an owner is always left.

use minicrm::proto::{
    ApiKeyAccess, Member, Organization, RemoveMemberRequest, Role, TransferOwnershipRequest,
};
use tonic::{Code, Status};

use crate::support::{App, Person, assert_error, assert_invalid, call, request_id, until};

const ROLES: [Role; 4] = [Role::Owner, Role::Admin, Role::Manager, Role::Member];

/// An organization, and who calls for it.
pub struct Team {
    pub app: App,
    pub acme: Organization,
    /// The server as the first owner calls it.
    pub anns: App,
    pub ann: Person,
}

impl Team {
    pub async fn new() -> Self {
        Self::on(App::secure().await).await
    }

    pub async fn on(app: App) -> Self {
        let ann = app.user("ann@example.com").await;
        let acme = app.organization(&ann).await;
        let anns = app.of(&ann, &acme);
        Self {
            app,
            acme,
            anns,
            ann,
        }
    }

    /// A new member, and the server as they call it.
    pub async fn member(&self, email: &str, role: Role) -> (Person, App) {
        let person = self.anns.member(email, role).await;
        let app = self.app.of(&person, &self.acme);
        (person, app)
    }
}

/// What a refusal of this kind looks like.
fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, Status>, reason: Option<&str>) {
    match reason {
        None => drop(outcome.unwrap()),
        Some(reason) => drop(assert_error(outcome, Code::PermissionDenied, reason)),
    }
}

async fn transfer(app: &App, person: &Person) -> Result<Member, Status> {
    let request = TransferOwnershipRequest {
        user_id: person.id.clone(),
        ..Default::default()
    };
    call!(app.organizations.transfer_ownership(request))
}

#[tokio::test]
async fn each_role_gives_and_takes_what_it_may() {
    let team = Team::new().await;
    for by in ROLES {
        let (_, caller) = team.member(&format!("{by:?}@example.com"), by).await;
        let denied = |needs_owner: bool| match by {
            Role::Owner => None,
            Role::Admin => needs_owner.then_some("OWNER_REQUIRED"),
            _ => Some("ROLE_DENIED"),
        };
        for from in ROLES {
            let email = format!("{by:?}{from:?}@example.com");
            let added = caller.add(&email, from).await;
            assert_refused(added, denied(from == Role::Owner));
            let email = format!("{by:?}{from:?}.of@example.com");
            let (person, _) = team.member(&email, from).await;
            for to in ROLES {
                let held = matches!(from, Role::Owner | Role::Admin) && from != to;
                let needs_owner = to == Role::Owner || held;
                assert_refused(caller.set_role(&person, to).await, denied(needs_owner));
                team.anns.set_role(&person, from).await.unwrap();
            }
            let reason = match by {
                Role::Manager | Role::Member => Some("NOT_OWN"),
                _ => denied(matches!(from, Role::Owner | Role::Admin)),
            };
            assert_refused(caller.remove(&person).await, reason);
        }
    }
}

#[tokio::test]
async fn keys_of_admins_do_what_admins_may() {
    let team = Team::new().await;
    let secret = team.anns.key(ApiKeyAccess::Admin).await.secret;
    let key = team.app.with(&secret, "");
    let (bob, _) = team.member("bob@example.com", Role::Manager).await;
    key.set_role(&bob, Role::Admin).await.unwrap();
    assert_refused(
        key.set_role(&bob, Role::Member).await,
        Some("OWNER_REQUIRED"),
    );
    assert_refused(key.remove(&bob).await, Some("OWNER_REQUIRED"));
    assert_refused(
        key.add("eve@example.com", Role::Owner).await,
        Some("OWNER_REQUIRED"),
    );
    assert_refused(transfer(&key, &bob).await, Some("ROLE_DENIED"));
}

#[tokio::test]
async fn everybody_may_leave_but_the_last_owner() {
    let team = Team::new().await;
    for role in ROLES {
        let (person, caller) = team.member(&format!("{role:?}@example.com"), role).await;
        caller.remove(&person).await.unwrap();
        assert_refused(caller.enter().await, Some("ORGANIZATION_DENIED"));
    }
    for outcome in [
        team.anns.remove(&team.ann).await,
        team.anns.set_role(&team.ann, Role::Admin).await.map(drop),
    ] {
        let details = assert_error(outcome, Code::FailedPrecondition, "LAST_OWNER");
        let violation = &details.precondition_failure().unwrap().violations[0];
        assert!(violation.subject.contains(&team.acme.id), "{violation:?}");
    }
    let eve = team.app.user("eve@example.com").await;
    for outcome in [
        team.anns.remove(&eve).await,
        team.anns.set_role(&eve, Role::Member).await.map(drop),
        transfer(&team.anns, &eve).await.map(drop),
    ] {
        let details = assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
        assert_eq!(details.resource_info().unwrap().resource_type, "member");
    }
    let anns = &team.anns;
    // A repeated request does not remove who was added again.
    let (bob, _) = team.member("bob@example.com", Role::Member).await;
    let request = RemoveMemberRequest {
        user_id: bob.id.clone(),
        request_id: request_id(),
        ..Default::default()
    };
    let remove = || async { call!(anns.organizations.remove_member(request.clone())) };
    remove().await.unwrap();
    anns.join(&bob, Role::Member).await;
    remove().await.unwrap();
    team.app.of(&bob, &team.acme).enter().await.unwrap();
}

#[tokio::test]
async fn ownership_is_transferred_at_once() {
    let team = Team::new().await;
    let (bob, bobs) = team.member("bob@example.com", Role::Member).await;
    assert_refused(transfer(&bobs, &team.ann).await, Some("ROLE_DENIED"));
    assert_invalid(transfer(&team.anns, &team.ann).await, &["user_id"]);
    let member = transfer(&team.anns, &bob).await.unwrap();
    assert_eq!((&member.user_id, member.role()), (&bob.id, Role::Owner));
    assert_refused(transfer(&team.anns, &bob).await, Some("ROLE_DENIED"));
    let ann = bobs.set_role(&team.ann, Role::Admin).await.unwrap();
    assert_eq!(ann.role(), Role::Admin, "already");
    transfer(&bobs, &team.ann).await.unwrap();

    let app = App::start().await;
    assert_error(
        transfer(&app, &bob).await,
        Code::FailedPrecondition,
        "AUTHENTICATION_OFF",
    );
}

/// A mutant that does not lock the organization fails this: both succeed.
#[tokio::test]
async fn owners_who_demote_each_other_leave_one() {
    let team = Team::new().await;
    let (bob, bobs) = team.member("bob@example.com", Role::Owner).await;
    for _ in 0..100 {
        let outcomes = tokio::join!(
            team.anns.set_role(&bob, Role::Admin),
            bobs.set_role(&team.ann, Role::Admin),
        );
        let (winner, loser, lost) = match outcomes {
            (Ok(_), Err(lost)) => (&team.anns, &bob, lost),
            (Err(lost), Ok(_)) => (&bobs, &team.ann, lost),
            both => panic!("{both:?}"),
        };
        // Or before that, if the loser's role was forgotten already.
        assert_eq!(lost.code(), Code::PermissionDenied, "{lost:?}");
        winner.set_role(loser, Role::Owner).await.unwrap();
    }
}

#[tokio::test]
async fn a_change_of_roles_holds_at_once() {
    let team = Team::new().await;
    let other = App::forgetful(team.app.database_url.clone()).await;
    let (bob, bobs) = team.member("bob@example.com", Role::Manager).await;
    let others = other.of(&bob, &team.acme);
    let add = |app: App| async move { app.add("bob@example.com", Role::Member).await };
    assert_refused(add(others.clone()).await, Some("ROLE_DENIED"));
    team.anns.set_role(&bob, Role::Admin).await.unwrap();
    let allowed = add(bobs.clone()).await;
    assert_error(allowed, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
    until("it is known there", async || {
        add(others.clone()).await.unwrap_err().code() != Code::PermissionDenied
    })
    .await;

    others.enter().await.unwrap();
    team.anns.remove(&bob).await.unwrap();
    assert_refused(bobs.enter().await, Some("ORGANIZATION_DENIED"));
    until("it is known there", async || others.enter().await.is_err()).await;
    assert_refused(others.enter().await, Some("ORGANIZATION_DENIED"));
}
