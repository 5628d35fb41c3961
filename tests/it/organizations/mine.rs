//! The organizations of a user: which one calls are about that name none, and how many.

use futures_util::future::join_all;
use minicrm::{
    Limits,
    app::Settings,
    proto::{
        CreateOrganizationRequest, ListMyOrganizationsRequest, Membership, Organization, Role,
        SetDefaultOrganizationRequest,
    },
};
use tonic::{Code, Status};
use uuid::Uuid;

use super::named;
use crate::support::{App, assert_error, call, new_database, secure};

async fn set_default(app: &App, organization_id: &str) -> Result<Membership, Status> {
    let request = SetDefaultOrganizationRequest {
        organization_id: organization_id.to_owned(),
        ..Default::default()
    };
    call!(app.organizations.set_default_organization(request))
}

async fn defaults(app: &App) -> Vec<String> {
    let request = ListMyOrganizationsRequest::default();
    let all = call!(app.organizations.list_my_organizations(request)).unwrap();
    let all = all.memberships.into_iter();
    let default = all.filter(|each| each.is_default);
    default.map(|each| each.organization.unwrap().id).collect()
}

#[tokio::test]
async fn nobody_else_decides_what_calls_are_about() {
    let app = App::secure().await;
    let other = App::secure_on(app.database_url.clone(), &[crate::support::KEY]).await;
    let (ann, bob) = (
        app.user("ann@example.com").await,
        app.user("bob@example.com").await,
    );
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let bobs = app.with(&bob.token, "");
    let outcome = bobs.enter().await;
    assert_error(outcome, Code::PermissionDenied, "ORGANIZATION_REQUIRED");
    let nova = app.organization(&bob).await;
    assert_eq!(bobs.enter().await.unwrap(), nova);
    anns.join(&bob, Role::Member).await;
    assert_eq!(bobs.enter().await.unwrap(), nova, "the first one joined");
    assert_eq!(defaults(&bobs).await, [&*nova.id]);

    let there = other.with(&bob.token, "");
    assert_eq!(there.enter().await.unwrap(), nova);
    let traces = async || {
        let audited = "SELECT FROM audit_events WHERE method = 'SetDefaultOrganization'";
        let revised = format!(
            "SELECT FROM organizations, generate_series(1, access_revision) WHERE id = '{}'",
            acme.id
        );
        [app.count(audited).await, app.count(&revised).await]
    };
    let [audited, revised] = traces().await;
    set_default(&bobs, &nova.id).await.unwrap();
    assert_eq!(traces().await, [audited, revised], "it is already");
    let membership = set_default(&bobs, &acme.id).await.unwrap();
    assert_eq!(set_default(&bobs, &acme.id).await.unwrap(), membership);
    assert_eq!(traces().await, [audited + 1, revised]);
    assert!(membership.is_default && membership.organization.as_ref() == Some(&acme));
    assert_eq!(bobs.enter().await.unwrap(), acme);
    assert_eq!(defaults(&bobs).await, [&*acme.id]);
    assert_eq!(there.enter().await.unwrap(), acme, "elsewhere, too");
    for foreign in [app.organization(&ann).await.id, Uuid::now_v7().to_string()] {
        let outcome = set_default(&bobs, &foreign).await;
        assert_error(outcome, Code::PermissionDenied, "ORGANIZATION_DENIED");
    }
    set_default(&bobs, &nova.id).await.unwrap();
    set_default(&bobs, &acme.id).await.unwrap();
    anns.remove(&bob).await.unwrap();
    assert_eq!(bobs.enter().await.unwrap(), nova);
    anns.join(&bob, Role::Member).await;
    assert_eq!(bobs.enter().await.unwrap(), nova, "the last one chosen");
}

/// Mutant: `count_owned` does not lock the user.
#[tokio::test]
async fn a_user_owns_so_many() {
    let limits = Limits {
        organizations_per_user: 3,
        ..Limits::default()
    };
    let settings = Settings { limits, ..secure() };
    let app = App::made_with(new_database().await, settings).await;
    let (ann, bob) = (
        app.user("ann@example.com").await,
        app.user("bob@example.com").await,
    );
    let acme = app.organization(&bob).await;
    app.of(&bob, &acme).join(&ann, Role::Admin).await;
    let anns = &app.with(&ann.token, "");
    let create = async || -> Result<Organization, Status> {
        let request = CreateOrganizationRequest {
            organization: Some(named("Acme")),
            ..Default::default()
        };
        call!(anns.organizations.create_organization(request))
    };
    let outcomes = join_all((0..12).map(|_| create())).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert_error(outcome, Code::ResourceExhausted, "QUOTA_EXCEEDED");
    }
}
