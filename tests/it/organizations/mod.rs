//! `OrganizationService`: organizations, and who may do what in them.

mod closing;
mod invitations;
mod keys;
mod leave;
mod members;
mod mine;
mod power;
mod roles;
mod turns;

use minicrm::proto::{
    CreateOrganizationRequest, GetOrganizationRequest, ListMyOrganizationsRequest, Organization,
    Role, UpdateOrganizationRequest,
};
use tonic::Code;
use uuid::Uuid;

use crate::support::{App, assert_error, assert_invalid, call, mask, request_id};

fn named(name: &str) -> Organization {
    Organization {
        name: name.to_owned(),
        ..Organization::default()
    }
}

#[tokio::test]
async fn whoever_creates_an_organization_owns_it() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let anns = app.with(&ann.token, "");
    let create = async |organization: Organization, request_id: &str| {
        let request = CreateOrganizationRequest {
            organization: Some(organization),
            request_id: request_id.to_owned(),
        };
        call!(anns.organizations.create_organization(request))
    };
    let acme = create(named(" Acme "), "").await.unwrap();
    let expected = Organization {
        default_currency: "EUR".to_owned(),
        time_zone: "UTC".to_owned(),
        create_time: acme.create_time,
        update_time: acme.create_time,
        etag: acme.etag.clone(),
        id: acme.id.clone(),
        ..named("Acme")
    };
    assert_eq!(acme, expected);
    assert_eq!(anns.enter().await.unwrap(), acme, "her only one");

    let id = request_id();
    let given = Organization {
        default_currency: "USD".to_owned(),
        default_phone_region: "us".to_owned(),
        ..named("Other")
    };
    let other = create(given.clone(), &id).await.unwrap();
    assert_eq!(other.default_phone_region, "US");
    assert_eq!(create(given, &id).await.unwrap(), other);
    let reused = create(named("Third"), &id).await;
    assert_error(reused, Code::InvalidArgument, "REQUEST_ID_REUSED");
    assert_eq!(anns.enter().await.unwrap(), acme, "her first one");

    let wrong = Organization {
        default_currency: "eur".to_owned(),
        default_phone_region: "XY".to_owned(),
        ..named(&"x".repeat(256))
    };
    let fields = ["name", "default_currency", "default_phone_region"];
    let fields = fields.map(|field| format!("organization.{field}"));
    let fields: Vec<_> = fields.iter().map(String::as_str).collect();
    assert_invalid(create(wrong, "").await, &fields);

    let list = async |page_size, page_token: String| {
        let request = ListMyOrganizationsRequest {
            page_size,
            page_token,
            ..Default::default()
        };
        call!(anns.organizations.list_my_organizations(request)).unwrap()
    };
    let all = list(0, String::new()).await;
    let mut expected = vec![acme, other];
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    for (membership, organization) in all.memberships.iter().zip(&expected) {
        assert_eq!(membership.role(), Role::Owner);
        assert_eq!(membership.organization.as_ref(), Some(organization));
    }
    assert_eq!((all.memberships.len(), &*all.next_page_token), (2, ""));
    let first = list(1, String::new()).await;
    let second = list(1, first.next_page_token).await;
    assert_eq!(
        [first.memberships, second.memberships].concat(),
        all.memberships
    );
    assert_eq!(second.next_page_token, "");
}

#[tokio::test]
async fn twins_create_one_organization() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let anns = &app.with(&ann.token, "");
    for _ in 0..20 {
        let request = CreateOrganizationRequest {
            organization: Some(named("Acme")),
            request_id: request_id(),
        };
        let create = || async { call!(anns.organizations.create_organization(request.clone())) };
        let (one, other) = tokio::join!(create(), create());
        assert_eq!(one.unwrap(), other.unwrap());
    }
}

#[tokio::test]
async fn an_update_changes_what_the_mask_names() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let update = async |organization: Organization, paths: &[&str]| {
        let request = UpdateOrganizationRequest {
            organization: Some(organization),
            update_mask: mask(paths),
            ..Default::default()
        };
        call!(anns.organizations.update_organization(request))
    };
    let given = Organization {
        default_currency: "CHF".to_owned(),
        default_phone_region: "CH".to_owned(),
        ..named("Nova")
    };
    let renamed = update(given.clone(), &["name"]).await.unwrap();
    let expected = Organization {
        name: "Nova".to_owned(),
        update_time: renamed.update_time,
        etag: renamed.etag.clone(),
        ..acme.clone()
    };
    assert_eq!(renamed, expected);
    let all = update(given, &[]).await.unwrap();
    assert_eq!(
        (&*all.default_currency, &*all.default_phone_region),
        ("CHF", "CH")
    );
    let bare = update(named("Nova"), &["*"]).await.unwrap();
    assert_eq!(
        (&*bare.default_currency, &*bare.default_phone_region),
        ("EUR", "")
    );
    let stale = Organization {
        etag: acme.etag,
        ..named("Late")
    };
    assert_error(update(stale, &[]).await, Code::Aborted, "ETAG_MISMATCH");
    let other = Organization {
        id: Uuid::now_v7().to_string(),
        ..named("Other")
    };
    assert_invalid(update(other, &[]).await, &["organization.id"]);
    assert_invalid(update(named("Nova"), &["owner"]).await, &["update_mask"]);
    assert_eq!(anns.enter().await.unwrap(), bare);
}

#[tokio::test]
async fn without_authentication_there_are_no_users() {
    let app = App::start().await;
    let request = CreateOrganizationRequest {
        organization: Some(named("Acme")),
        ..Default::default()
    };
    let outcome = call!(app.organizations.create_organization(request));
    assert_error(outcome, Code::FailedPrecondition, "AUTHENTICATION_OFF");
    let request = ListMyOrganizationsRequest::default();
    let outcome = call!(app.organizations.list_my_organizations(request));
    assert_error(outcome, Code::FailedPrecondition, "AUTHENTICATION_OFF");
    let request = GetOrganizationRequest {};
    let organization = call!(app.organizations.get_organization(request)).unwrap();
    assert_eq!(organization.name, "Development");
}
