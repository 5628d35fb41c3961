//! The end of an organization.

use std::time::Duration;

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;
use minicrm::{
    platform::db::Db,
    proto::{ApiKeyAccess, DeleteOrganizationRequest, RegisterRequest, Role},
    remove_closed,
    verify::drift,
};
use tokio::time::timeout;
use tonic::{Code, Status};
use uuid::Uuid;

use super::roles::Team;
use crate::support::{App, assert_error, assert_invalid, call, operator, until};

async fn close(app: &App, id: &str) -> Result<(), Status> {
    let request = DeleteOrganizationRequest {
        id: id.to_owned(),
        ..Default::default()
    };
    call!(app.organizations.delete_organization(request))
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Team {
    /// The tables that have rows of an organization.
    async fn tables(&self, id: &str) -> Vec<String> {
        let tables = sql_query(
            "SELECT t.relname::text AS name FROM pg_class t
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'organization_id'
             WHERE t.relkind IN ('r', 'p') AND t.relnamespace = 'public'::regnamespace",
        );
        let mut conn = self.app.database().await;
        let tables: Vec<Name> = tables.get_results(&mut conn).await.unwrap();
        let mut found = Vec::new();
        for Name { name } in tables {
            let rows = format!("SELECT FROM {name} WHERE organization_id = '{id}'");
            if self.app.count(&rows).await > 0 {
                found.push(name);
            }
        }
        let rows = format!("SELECT FROM organizations WHERE id = '{id}'");
        if self.app.count(&rows).await > 0 {
            found.push("organizations".to_owned());
        }
        found.sort();
        found
    }

    /// Something of everything.
    async fn fill(&self, app: &App) {
        let ann = app.operator(operator("Ann")).await;
        let source = app.source("bot", &[(&ann, 1)]).await;
        for _ in 0..20 {
            let contact = app.contact(&source).await;
            let deal = app.deal_with(&contact.lead_id, "Deal").await;
            app.task(&deal, "Call").await;
        }
    }
}

#[tokio::test]
async fn a_closed_organization_lets_nobody_in() {
    let team = Team::new().await;
    let other = App::secure_on(team.app.database_url.clone(), &[crate::support::KEY]).await;
    let trusting = App::trusting(team.app.database_url.clone()).await;
    let (max, maxs) = team.member("max@example.com", Role::Admin).await;
    let nova = team.app.organization(&team.ann).await;
    let key = team.anns.key(ApiKeyAccess::Admin).await;
    let invitation = team.anns.invite("new@example.com", Role::Owner).await;
    let outcome = close(&maxs, &team.acme.id).await;
    assert_error(outcome, Code::PermissionDenied, "ROLE_DENIED");
    assert_invalid(close(&team.anns, &nova.id).await, &["id"]);
    for wrong in ["", "x", &Uuid::nil().to_string()] {
        assert_invalid(close(&team.anns, wrong).await, &["id"]);
    }
    let anns = |app: &App| app.of(&team.ann, &team.acme);
    let callers = [
        anns(&other),
        other.of(&max, &team.acme),
        other.with(&key.secret, ""),
    ];
    for caller in callers.iter().chain([&anns(&trusting)]) {
        caller.enter().await.unwrap();
    }
    close(&team.anns, &team.acme.id).await.unwrap();

    let here = team.app.with(&key.secret, "").enter().await;
    assert_error(here, Code::Unauthenticated, "UNAUTHENTICATED");
    for caller in [&team.anns, &maxs] {
        let outcome = caller.enter().await;
        assert_error(outcome, Code::PermissionDenied, "ORGANIZATION_DENIED");
    }
    let outcome = anns(&trusting).add("eve@example.com", Role::Member).await;
    assert_error(outcome, Code::PermissionDenied, "ORGANIZATION_DENIED");
    let refused = async {
        for caller in &callers {
            until("they are refused", async || caller.enter().await.is_err()).await;
        }
    };
    timeout(Duration::from_secs(15), refused).await.unwrap();
    let request = RegisterRequest {
        email: "new@example.com".to_owned(),
        password: "Battery-Staple-7".to_owned(),
        name: "New".to_owned(),
        invitation_token: invitation.token,
        ..Default::default()
    };
    let outcome = {
        let app = &team.app;
        call!(app.auth.register(request))
    };
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    let again = close(&team.anns, &team.acme.id).await;
    assert_error(again, Code::PermissionDenied, "ORGANIZATION_DENIED");
    assert_eq!(
        team.app.with(&team.ann.token, "").enter().await.unwrap(),
        nova
    );
    let audited = "SELECT FROM audit_events WHERE method = 'DeleteOrganization'
                   AND denied_reason IS NULL";
    assert_eq!(team.app.count(audited).await, 1);
}

/// Mutants: the function does not ask whether it is closed; it leaves out a table.
#[tokio::test]
async fn what_is_left_is_removed_after_some_time() {
    let team = Team::new().await;
    team.fill(&team.anns).await;
    let nova = team.app.organization(&team.ann).await;
    team.fill(&team.app.of(&team.ann, &nova)).await;
    team.anns.key(ApiKeyAccess::Read).await;
    // Nothing is left for the background to change.
    team.app.fold().await;
    let before = [
        team.tables(&team.acme.id).await,
        team.tables(&nova.id).await,
    ];
    assert!(before[0].len() > 10, "{before:?}");
    let db = Db::new(&team.app.database_url, 1, Duration::from_secs(5)).unwrap();
    let hour = Duration::from_hours(1);
    remove_closed(&db, Duration::ZERO).await.unwrap();
    assert_eq!(team.tables(&team.acme.id).await, before[0], "it is open");
    close(&team.anns, &team.acme.id).await.unwrap();
    remove_closed(&db, hour).await.unwrap();
    assert!(team.tables(&team.acme.id).await.len() > 10, "it is kept");
    remove_closed(&db, Duration::ZERO).await.unwrap();
    let left = team.tables(&team.acme.id).await;
    assert!(left.len() > 10, "others have to notice");
    // Nobody compares what it counts any more.
    let wrong = format!(
        "UPDATE operators SET load = load + 1 WHERE organization_id = '{}';
         UPDATE organizations SET delete_time = delete_time - interval '5 minutes'",
        team.acme.id
    );
    App::execute(&team.app, &wrong).await;
    assert_eq!(team.app.verify(false).await, "");
    assert_eq!(drift(&db).await.unwrap(), 0);
    remove_closed(&db, Duration::ZERO).await.unwrap();
    assert_eq!(team.tables(&team.acme.id).await, [""; 0]);
    assert_eq!(team.tables(&nova.id).await, before[1]);
}
