//! Load shedding: calls beyond the limits are refused at once, with when to come again.

use std::num::NonZeroU32;

use diesel_async::SimpleAsyncConnection;
use minicrm::{
    app::Settings,
    ids::OrganizationId,
    platform::ingress,
    proto::{
        ApiKeyAccess, GetOverviewRequest, ListLeadsRequest, ListOperatorsRequest,
        UpdateOperatorRequest,
    },
};
use tokio::task::JoinSet;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::{ErrorDetails, StatusExt};

use super::{Server, plain};
use crate::support::{
    App, assert_error, call, contact, external, new_database, operator, secure, until, within,
};

fn limits(edge: ingress::Settings) -> Settings {
    Settings { edge, ..plain() }
}

/// Mutant: a permit that is given back before the work is done.
#[tokio::test(flavor = "multi_thread")]
async fn more_calls_than_may_be_in_flight_are_refused() {
    let settings = limits(ingress::Settings {
        max_in_flight: Some(1),
        ..ingress::Settings::default()
    });
    let server = Server::start(settings, |_| {}).await;
    let app = server.app();
    let one = app.operator(operator("One")).await;
    let source = app.source("busy", &[(&one, 1)]).await;
    let mut other = app.hold_operators().await;

    let first = {
        let (app, request) = (app.clone(), contact(&source, external("first")));
        tokio::spawn(async move { app.create_contact(request).await })
    };
    app.until_waiting(true).await;
    let outcome = call!(app.analytics.get_overview(GetOverviewRequest {}));
    let status = outcome.unwrap_err();
    assert!(status.metadata().contains_key("grpc-retry-pushback-ms"));
    let details = assert_error(Err::<(), _>(status), Code::ResourceExhausted, "OVERLOADED");
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    // Those who look after the server are not refused.
    let mut health = HealthClient::new(app.channel.clone());
    health.check(HealthCheckRequest::default()).await.unwrap();

    other.batch_execute("ROLLBACK").await.unwrap();
    first.await.unwrap().unwrap();
    // The answer may be a moment earlier than the end of the call.
    until("the call has ended", async || {
        call!(app.analytics.get_overview(GetOverviewRequest {})).is_ok()
    })
    .await;
}

/// Mutant: no share for others.
#[tokio::test(flavor = "multi_thread")]
async fn an_organization_that_is_stuck_does_not_shut_others_out() {
    let [stuck, other] = [OrganizationId::generate(), OrganizationId::generate()];
    let settings = Settings {
        organizations: vec![stuck, other],
        ..limits(ingress::Settings {
            max_in_flight: Some(8),
            ..ingress::Settings::default()
        })
    };
    let app = App::made_with(new_database().await, settings).await;
    let one = app.operator(operator("One")).await;
    let source = app.source("stuck", &[(&one, 1)]).await;
    let mut database = app.hold_operators().await;

    let mut calls = JoinSet::new();
    for n in 0..8 {
        let (app, request) = (app.clone(), contact(&source, external(n)));
        calls.spawn(async move { app.create_contact(request).await });
    }
    for _ in 0..2 {
        let outcome = calls.join_next().await.unwrap().unwrap();
        assert_error(outcome, Code::ResourceExhausted, "OVERLOADED");
    }
    let other = app.with("", &other.to_string());
    call!(other.leads.list_leads(ListLeadsRequest::default())).unwrap();
    database.batch_execute("ROLLBACK").await.unwrap();
    // Whether they were taken in or gave up on the lock, all of them have ended.
    calls.join_all().await;
    for _ in 0..20 {
        until("leads are listed", async || {
            call!(app.leads.list_leads(ListLeadsRequest::default())).is_ok()
        })
        .await;
    }
}

/// Lists leads until that is refused.
async fn refused(app: &App) -> Status {
    let refused = async {
        loop {
            let outcome = call!(app.leads.list_leads(ListLeadsRequest::default()));
            if let Err(status) = outcome {
                return status;
            }
        }
    };
    within("a refusal", refused).await
}

fn assert_rate_limited(status: Status, subject: &str) -> ErrorDetails {
    assert!(status.get_details_retry_info().is_some());
    let details = assert_error(
        Err::<(), _>(status),
        Code::ResourceExhausted,
        "RATE_LIMITED",
    );
    let quota = &details.quota_failure().unwrap().violations[0];
    assert_eq!(quota.subject, subject);
    details
}

/// Mutant: one rate for all organizations.
#[tokio::test]
async fn an_organization_that_calls_too_often_is_refused_alone() {
    let [loud, quiet] = [OrganizationId::generate(), OrganizationId::generate()];
    let settings = Settings {
        organizations: vec![loud, quiet],
        ..limits(ingress::Settings {
            organization_rate: NonZeroU32::new(2),
            ..ingress::Settings::default()
        })
    };
    let app = App::made_with(new_database().await, settings).await;
    let status = refused(&app.with("", &loud.to_string())).await;
    assert_rate_limited(status, &format!("organization:{loud}"));
    let quiet = app.with("", &quiet.to_string());
    call!(quiet.leads.list_leads(ListLeadsRequest::default())).unwrap();
}

/// Mutant: a key's calls counted for its organization.
#[tokio::test]
async fn a_key_that_calls_too_often_is_refused_alone() {
    let settings = Settings {
        edge: ingress::Settings {
            api_key_rate: NonZeroU32::new(2),
            ..ingress::Settings::default()
        },
        ..secure()
    };
    let app = App::made_with(new_database().await, settings).await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let [loud, quiet] = [
        anns.key(ApiKeyAccess::Read).await,
        anns.key(ApiKeyAccess::Read).await,
    ];
    let status = refused(&app.with(&loud.secret, "")).await;
    assert_rate_limited(status, &format!("api_key:{}", loud.api_key.unwrap().id));
    for other in [app.with(&quiet.secret, ""), anns] {
        call!(other.leads.list_leads(ListLeadsRequest::default())).unwrap();
    }
}

/// Mutant: no bulkhead.
#[tokio::test(flavor = "multi_thread")]
async fn an_organization_that_is_stuck_leaves_connections_to_others() {
    let [stuck, other] = [OrganizationId::generate(), OrganizationId::generate()];
    let settings = Settings {
        organizations: vec![stuck, other],
        ..plain()
    };
    // Half of its connections are for groups, a quarter of the others for the rest.
    let share = i64::try_from(settings.pool_size / 2 * 3 / 4).unwrap();
    let app = App::made_with(new_database().await, settings).await;
    let one = app.operator(operator("One")).await;
    let mut database = app.hold_operators().await;

    let mut calls = JoinSet::new();
    for _ in 0..32 {
        let (app, operator) = (app.clone(), one.clone());
        calls.spawn(async move {
            let request = UpdateOperatorRequest {
                operator: Some(operator),
                ..Default::default()
            };
            call!(app.operators.update_operator(request))
        });
    }
    app.until_waiting_are(share).await;
    let other = app.with("", &other.to_string());
    for n in 0..32 {
        let name = format!("Two {n}");
        let request = ListOperatorsRequest::default();
        other.operator(operator(&name)).await;
        call!(other.operators.list_operators(request)).unwrap();
    }
    assert_eq!(app.waiting().await, share);
    database.batch_execute("ROLLBACK").await.unwrap();
    calls.join_all().await;
}

/// Mutant: a turn that is kept until the group is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_stuck_leaves_its_turn_to_others() {
    let [stuck, other] = [OrganizationId::generate(), OrganizationId::generate()];
    let settings = Settings {
        organizations: vec![stuck, other],
        // Two connections for groups: one turn.
        pool_size: 4,
        ..plain()
    };
    let app = App::made_with(new_database().await, settings).await;
    let one = app.operator(operator("One")).await;
    let source = app.source("stuck", &[(&one, 1)]).await;
    let other = app.with("", &other.to_string());
    let quiet = other.source("quiet", &[]).await;
    let mut database = app.hold_operators().await;

    let call = {
        let (app, request) = (app.clone(), contact(&source, external(1)));
        tokio::spawn(async move { app.create_contact(request).await })
    };
    app.until_waiting(true).await;
    let request = contact(&quiet, external(1));
    other.create_contact(request).await.unwrap();
    assert_eq!(app.waiting().await, 1);
    database.batch_execute("ROLLBACK").await.unwrap();
    call.await.unwrap().unwrap();
}
