//! Whoever takes power has their turn, however busy those are from whom it is taken; and
//! whoever is given something is there.

use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use minicrm::{
    app::Settings,
    platform::db::Conn,
    proto::{
        ApiKeyAccess, CreateDealRequest, CreateLeadRequest, CreateOperatorRequest,
        CreateTaskRequest, Deal, DeleteLeadRequest, Lead, MemberOperators, Operator,
        RemoveMemberRequest, RevokeApiKeyRequest, Role, Task,
    },
};
use tonic::{Code, Status};

use super::roles::Team;
use crate::support::{App, assert_error, call, new_database, operator, secure, within};

/// How many more calls come meanwhile.
const CALLS: usize = 6;

impl Team {
    /// With connections for many that wait.
    async fn wide() -> Self {
        let settings = Settings {
            pool_size: 32,
            ..secure()
        };
        Self::on(App::made_with(new_database().await, settings).await).await
    }

    /// New leads, locked until the connection rolls back.
    async fn locked_leads(&self, count: usize) -> (Vec<String>, Conn) {
        let mut leads = Vec::new();
        for _ in 0..count {
            leads.push(self.anns.deal("Deal").await.lead_id);
        }
        let mut conn = self.app.database().await;
        let ids = leads.join("', '");
        conn.batch_execute(&format!(
            "BEGIN; SELECT FROM leads WHERE id IN ('{ids}') FOR UPDATE"
        ))
        .await
        .unwrap();
        (leads, conn)
    }
}

/// Tries to delete a lead, which has a deal.
async fn delete(app: &App, lead: &str) -> Result<(), Status> {
    let request = DeleteLeadRequest {
        id: lead.to_owned(),
        ..Default::default()
    };
    call!(app.leads.delete_lead(request))
}

/// Calls that were there before are waited for; those that come later wait. Mutant:
/// `hold_role` and `hold_key` share their locks (seen to fail).
#[tokio::test]
async fn who_takes_power_has_their_turn() {
    let team = Team::wide().await;
    let anns = &team.anns;
    let (bob, bobs) = team.member("bob@example.com", Role::Admin).await;
    let key = anns.key(ApiKeyAccess::Admin).await;
    let revoke = RevokeApiKeyRequest {
        id: key.api_key.unwrap().id,
        ..Default::default()
    };
    let keys = team.app.with(&key.secret, "");
    let revoke = async || call!(anns.organizations.revoke_api_key(revoke)).map(drop);
    let remove = async || anns.remove(&bob).await;
    let denied = (Code::PermissionDenied, "ORGANIZATION_DENIED");
    Box::pin(have_turn(&team, &bobs, remove, denied)).await;
    let denied = (Code::Unauthenticated, "UNAUTHENTICATED");
    Box::pin(have_turn(&team, &keys, revoke, denied)).await;
}

async fn have_turn(
    team: &Team,
    caller: &App,
    take: impl AsyncFnOnce() -> Result<(), Status>,
    (code, reason): (Code, &str),
) {
    caller.enter().await.unwrap();
    let (first, mut one) = team.locked_leads(1).await;
    let (leads, _more) = team.locked_leads(CALLS).await;
    let taken = async {
        team.app.until_waiting_are(1).await;
        take().await
    };
    let later = async {
        team.app.until_waiting_are(2).await;
        join_all(leads.iter().map(|lead| delete(caller, lead))).await
    };
    let end = async {
        team.app.until_waiting_are(8).await;
        one.batch_execute("ROLLBACK").await.unwrap();
    };
    let all = async { tokio::join!(delete(caller, &first[0]), taken, later, end) };
    let (done, taken, refused, ()) = within("all of them", all).await;
    assert_error(done, Code::FailedPrecondition, "LEAD_HAS_DEALS");
    taken.unwrap();
    for outcome in refused {
        assert_error(outcome, code, reason);
    }
}

/// Mutant: `touch_key` waits for the lock.
#[tokio::test]
async fn a_key_that_is_busy_is_known() {
    let team = Team::new().await;
    let key = team.anns.key(ApiKeyAccess::Read).await;
    let mut conn = team.app.database().await;
    let hold = "BEGIN; SELECT FROM api_keys FOR NO KEY UPDATE";
    conn.batch_execute(hold).await.unwrap();
    let keys = team.app.with(&key.secret, "");
    for entered in join_all((0..16).map(|_| keys.enter())).await {
        entered.unwrap();
    }
    let used = "SELECT FROM api_keys WHERE last_use_time IS NOT NULL";
    assert_eq!(team.app.count(used).await, 0);
    conn.batch_execute("ROLLBACK").await.unwrap();
    let other = App::trusting(team.app.database_url.clone()).await;
    other.with(&key.secret, "").enter().await.unwrap();
    assert_eq!(team.app.count(used).await, 1);
}

/// Mutant: `members::keep` locks nothing (seen to fail).
#[tokio::test]
async fn who_is_being_removed_is_given_nothing() {
    let team = Team::wide().await;
    let anns = &team.anns;
    let (bob, bobs) = team.member("bob@example.com", Role::Manager).await;
    let deal = anns.deal("Deal").await;
    bobs.enter().await.unwrap();
    let id = || bob.id.clone();
    let linked = CreateOperatorRequest {
        operator: Some(Operator {
            user_id: id(),
            ..operator("Bob")
        }),
        ..Default::default()
    };
    let lead = CreateLeadRequest {
        lead: Some(Lead {
            name: "Lea".to_owned(),
            owner_user_id: id(),
            ..Lead::default()
        }),
        ..Default::default()
    };
    let owned = |owner_user_id| CreateDealRequest {
        deal: Some(Deal {
            lead_id: deal.lead_id.clone(),
            title: "Deal".to_owned(),
            owner_user_id,
            ..Deal::default()
        }),
        ..Default::default()
    };
    let task = CreateTaskRequest {
        task: Some(Task {
            deal_id: deal.id.clone(),
            title: "Call".to_owned(),
            assignee_user_id: id(),
            ..Task::default()
        }),
        ..Default::default()
    };
    let mut conn = team.app.database().await;
    let delete = format!("BEGIN; DELETE FROM members WHERE user_id = '{}'", bob.id);
    conn.batch_execute(&delete).await.unwrap();
    let gone = async {
        team.app.until_waiting_are(5).await;
        conn.batch_execute("COMMIT").await.unwrap();
    };
    let given = async {
        tokio::join!(
            async { call!(anns.operators.create_operator(linked)).map(drop) },
            async { call!(anns.leads.create_lead(lead)).map(drop) },
            async { call!(anns.deals.create_deal(owned(id()))).map(drop) },
            async { call!(anns.tasks.create_task(task)).map(drop) },
            // The owner is who calls.
            async { call!(bobs.deals.create_deal(owned(String::new()))).map(drop) },
            gone
        )
    };
    let (operator, lead, deal, task, own, ()) = within("all of them", Box::pin(given)).await;
    for outcome in [operator, lead, deal, task, own] {
        assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
}

/// Mutant: whether an owner is left is asked when the member is removed (seen to fail).
#[tokio::test]
async fn the_last_owner_leaves_nothing() {
    let team = Team::new().await;
    let anns = &team.anns;
    let linked = Operator {
        user_id: team.ann.id.clone(),
        ..operator("Ann")
    };
    let linked = anns.operator(linked).await;
    let source = anns.source("bot", &[(&linked, 1)]).await;
    let contact = anns.contact(&source).await;
    let request = RemoveMemberRequest {
        user_id: team.ann.id.clone(),
        operators: MemberOperators::Reassign.into(),
        ..Default::default()
    };
    let outcome = call!(anns.organizations.remove_member(request));
    assert_error(outcome, Code::FailedPrecondition, "LAST_OWNER");
    let after = anns.get_operator(&linked).await;
    assert_eq!((after.active, after.load), (Some(true), 1));
    assert_eq!(anns.get_contact(&contact).await, contact);
}

/// An admin may end what an admin may give and take, and what they have made.
#[tokio::test]
async fn invitations_are_ended_by_who_may_take_the_role() {
    use minicrm::proto::RevokeInvitationRequest;
    let team = Team::new().await;
    let (_, maxs) = team.member("max@example.com", Role::Admin).await;
    let key = team.anns.key(ApiKeyAccess::Admin).await;
    let keys = team.app.with(&key.secret, "");
    let revoke = async |app: &App, id: &str| {
        let request = RevokeInvitationRequest {
            id: id.to_owned(),
            ..Default::default()
        };
        call!(app.organizations.revoke_invitation(request))
    };
    let mut tokens = Vec::new();
    for role in [Role::Owner, Role::Admin] {
        let email = format!("{}@example.com", role.as_str_name().to_lowercase());
        let made = team.anns.invite(&email, role).await;
        for caller in [&maxs, &keys] {
            let outcome = caller.add(&email, Role::Member).await;
            assert_error(outcome, Code::PermissionDenied, "OWNER_REQUIRED");
            let outcome = revoke(caller, &made.id).await;
            assert_error(outcome, Code::PermissionDenied, "OWNER_REQUIRED");
        }
        tokens.push((email, made.token));
    }
    for (email, token) in tokens {
        let invited = team.app.user(&email).await;
        team.anns.accept(&invited, &token).await.unwrap();
    }
    let made = team.anns.invite("new@example.com", Role::Manager).await;
    let again = maxs.invite("new@example.com", Role::Admin).await;
    assert_ne!(again.id, made.id);
    let again = maxs.invite("new@example.com", Role::Admin).await;
    revoke(&maxs, &again.id).await.unwrap();
    let made = keys.invite("new@example.com", Role::Member).await;
    revoke(&maxs, &made.id).await.unwrap();
}
