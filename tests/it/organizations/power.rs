//! Power that was taken is gone: at once where that matters, in all processes.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use minicrm::{
    access::{
        Grant, Trust, Who,
        table::{Row, TABLE},
    },
    proto::{
        ApiKey, ApiKeyAccess, CreateApiKeyRequest, CreateLeadRequest, CreateOperatorRequest,
        DeleteLeadRequest, EraseLeadRequest, Lead, RevokeApiKeyRequest, Role,
    },
};
use tokio::time::timeout;
use tonic::{Code, Request, Status, client::Grpc};
use tonic_prost::ProstCodec;

use super::roles::Team;
use crate::support::{App, assert_error, call, operator, until};

/// Longer than a hint takes, shorter than what is known is believed.
const SOON: Duration = Duration::from_secs(15);

impl Team {
    async fn revoke(&self, id: &str) {
        let request = RevokeApiKeyRequest {
            id: id.to_owned(),
            ..Default::default()
        };
        let anns = &self.anns;
        call!(anns.organizations.revoke_api_key(request)).unwrap();
    }

    async fn lead(&self) -> Lead {
        let request = CreateLeadRequest {
            lead: Some(Lead {
                name: "Lea".to_owned(),
                ..Lead::default()
            }),
            ..Default::default()
        };
        let anns = &self.anns;
        call!(anns.leads.create_lead(request)).unwrap()
    }
}

async fn make_key(app: &App) -> Result<(), Status> {
    let request = CreateApiKeyRequest {
        api_key: Some(ApiKey {
            name: "Back door".to_owned(),
            access: ApiKeyAccess::Admin.into(),
            ..ApiKey::default()
        }),
        ..Default::default()
    };
    call!(app.organizations.create_api_key(request)).map(drop)
}

async fn erase(app: &App, lead: &Lead) -> Result<(), Status> {
    let request = EraseLeadRequest {
        id: lead.id.clone(),
        ..Default::default()
    };
    call!(app.leads.erase_lead(request)).map(drop)
}

/// Calls a method with an empty request.
async fn empty(app: &App, row: &Row) -> Result<(), Status> {
    let mut grpc = Grpc::new(app.caller.clone());
    grpc.ready().await.unwrap();
    let path = format!("/minicrm.v1.{}/{}", row.service, row.method);
    let codec = ProstCodec::<(), ()>::default();
    let answer = grpc
        .unary(Request::new(()), path.parse().unwrap(), codec)
        .await;
    answer.map(drop)
}

/// A new method that is forgotten fails this.
#[test]
fn what_lasts_or_is_final_is_confirmed() {
    for row in TABLE {
        let Who::Permitted(permissions) = row.who else {
            continue;
        };
        let starts = |verbs: &[&str]| verbs.iter().any(|verb| row.method.starts_with(verb));
        let reads = starts(&["Get", "List"]);
        let settles = permissions.manager != Grant::All && !reads;
        if settles || starts(&["Delete", "Erase", "Export"]) {
            assert_ne!(row.trust, Trust::Remembered, "{row:?}");
        }
        let of_power = ["Member", "Owner", "Key", "Invitation", "Organization"];
        if settles && of_power.iter().any(|what| row.method.contains(what)) {
            assert_eq!(row.trust, Trust::Exclusive, "{row:?}");
        }
    }
}

/// Mutant: `Context::enter` believes what is remembered.
#[tokio::test]
async fn others_refuse_at_once_what_lasts_or_is_final() {
    let team = Team::new().await;
    let other = App::trusting(team.app.database_url.clone()).await;
    let bob = team.app.user("bob@example.com").await;
    let bobs = other.of(&bob, &team.acme);
    for row in TABLE.iter().filter(|row| row.trust != Trust::Remembered) {
        team.anns.join(&bob, Role::Admin).await;
        let key = team.anns.key(ApiKeyAccess::Admin).await;
        let keys = other.with(&key.secret, "");
        bobs.enter().await.unwrap();
        keys.enter().await.unwrap();
        team.anns.remove(&bob).await.unwrap();
        team.revoke(&key.api_key.unwrap().id).await;
        // The other process believes what it knows.
        bobs.enter().await.unwrap();
        keys.enter().await.unwrap();
        let outcome = empty(&bobs, row).await;
        assert_error(outcome, Code::PermissionDenied, "ORGANIZATION_DENIED");
        let outcome = empty(&keys, row).await;
        assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    }
    let (max, _) = team.member("max@example.com", Role::Admin).await;
    let maxs = other.of(&max, &team.acme);
    maxs.enter().await.unwrap();
    team.anns.set_role(&max, Role::Member).await.unwrap();
    let outcome = make_key(&maxs).await;
    assert_error(outcome, Code::PermissionDenied, "ROLE_DENIED");
}

/// What is being taken just now is waited for. Mutants: `Context::write` does not confirm;
/// `hold_role` and `hold_key` lock nothing.
#[tokio::test]
async fn what_is_being_taken_is_waited_for() {
    let team = Team::new().await;
    let lead = team.lead().await;
    let (bob, bobs) = team.member("bob@example.com", Role::Admin).await;
    let (max, maxs) = team.member("max@example.com", Role::Admin).await;
    let key = team.anns.key(ApiKeyAccess::Admin).await;
    let keys = team.app.with(&key.secret, "");
    let before = team.app.count("SELECT FROM api_keys").await;
    let id = key.api_key.unwrap().id;
    let cases = [
        (
            &bobs,
            format!("DELETE FROM members WHERE user_id = '{}'", bob.id),
            (Code::PermissionDenied, "ORGANIZATION_DENIED"),
        ),
        (
            &maxs,
            format!(
                "UPDATE members SET role = 'MEMBER' WHERE user_id = '{}'",
                max.id
            ),
            (Code::PermissionDenied, "ROLE_DENIED"),
        ),
        (
            &keys,
            format!("UPDATE api_keys SET revoke_time = now() WHERE id = '{id}'"),
            (Code::Unauthenticated, "UNAUTHENTICATED"),
        ),
    ];
    for (caller, take, (code, reason)) in cases {
        let mut conn = team.app.database().await;
        caller.enter().await.unwrap();
        conn.batch_execute(&format!("BEGIN; {take}")).await.unwrap();
        let taken = async {
            team.app.until_waiting_are(2).await;
            conn.batch_execute("COMMIT").await.unwrap();
        };
        let (key, erased, taken) =
            tokio::join!(make_key(caller), erase(caller, &lead), timeout(SOON, taken));
        taken.unwrap();
        assert_error(key, code, reason);
        assert_error(erased, code, reason);
    }
    assert_eq!(team.app.count("SELECT FROM api_keys").await, before);
    let erased = "SELECT FROM leads WHERE name <> 'Lea'";
    assert_eq!(team.app.count(erased).await, 0);
}

/// Many calls in two processes while the power to make them is taken: none of them is done
/// after it was. Mutant: `Context::confirm` believes the role the call came with (seen to
/// fail).
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_after_power_was_taken() {
    let team = Team::new().await;
    let other = App::trusting(team.app.database_url.clone()).await;
    for _ in 0..10 {
        let mut leads = Vec::new();
        for _ in 0..8 {
            leads.push(team.lead().await);
        }
        let (bob, bobs) = team
            .member(&format!("{}@example.com", leads[0].id), Role::Admin)
            .await;
        let callers = [bobs, other.of(&bob, &team.acme)];
        let delete = async |app: &App, lead: &Lead| {
            let request = DeleteLeadRequest {
                id: lead.id.clone(),
                ..Default::default()
            };
            drop(call!(app.leads.delete_lead(request)));
        };
        let keys = join_all((0..8).map(|n| make_key(&callers[n % 2])));
        let deletions = join_all((0..8).map(|n| delete(&callers[n % 2], &leads[n])));
        let left = async || {
            [
                team.app.count("SELECT FROM api_keys").await,
                team.app.count("SELECT FROM leads").await,
            ]
        };
        let removed = async {
            team.anns.remove(&bob).await.unwrap();
            left().await
        };
        let (_, _, by_then) = tokio::join!(keys, deletions, removed);
        assert_eq!(left().await, by_then);
    }
}

/// Mutant: `access_changed` does nothing.
#[tokio::test]
async fn others_soon_refuse_everything() {
    let team = Team::new().await;
    let other = App::secure_on(team.app.database_url.clone(), &[crate::support::KEY]).await;
    let (bob, _) = team.member("bob@example.com", Role::Admin).await;
    let (max, _) = team.member("max@example.com", Role::Manager).await;
    let key = team.anns.key(ApiKeyAccess::Read).await;
    let callers = [other.of(&bob, &team.acme), other.with(&key.secret, "")];
    for caller in &callers {
        caller.enter().await.unwrap();
    }
    let maxs = other.of(&max, &team.acme);
    maxs.operator(operator("Ann")).await;
    team.anns.remove(&bob).await.unwrap();
    team.anns.set_role(&max, Role::Member).await.unwrap();
    team.revoke(&key.api_key.unwrap().id).await;
    let refused = async {
        for caller in &callers {
            until("they are refused", async || caller.enter().await.is_err()).await;
        }
        let request = CreateOperatorRequest {
            operator: Some(operator("Bob")),
            ..Default::default()
        };
        until("Max is refused", async || {
            call!(maxs.operators.create_operator(request.clone())).is_err()
        })
        .await;
    };
    timeout(SOON, refused).await.unwrap();
}
