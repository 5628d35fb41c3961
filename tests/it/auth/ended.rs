//! Access tokens that were made before a password was changed.

use minicrm::proto::{
    ApiKey, ApiKeyAccess, CreateApiKeyRequest, CreateOrganizationRequest, ListApiKeysRequest,
    Organization,
};
use tonic::Code;

use super::PASSWORD;
use crate::support::{App, assert_error, call};

/// Here nothing is done by them at once, and by others nothing that lasts, whatever those
/// remember. Mutants: `confirm` does not read it (seen to fail); `enter` does
/// not.
#[tokio::test]
async fn tokens_of_before_are_refused() {
    let app = App::secure().await;
    let trusting = App::trusting(app.database_url.clone()).await;
    let old = app.new_user("ann@example.com").await.access_token;
    let other = app.login("ann@example.com", PASSWORD).await.unwrap();
    for server in [&app, &trusting] {
        server.me(&old).await.unwrap();
    }
    let change = [PASSWORD, "Battery-Staple-8"];
    app.change_password(&old, change).await.unwrap();
    for token in [&old, &other.access_token] {
        let outcome = app.me(token).await;
        assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    }
    // It believes what it knows.
    trusting.me(&old).await.unwrap();
    let named = Organization {
        name: "Nova".to_owned(),
        ..Organization::default()
    };
    let create = CreateOrganizationRequest {
        organization: Some(named),
        ..Default::default()
    };
    let key = CreateApiKeyRequest {
        api_key: Some(ApiKey {
            name: "Back door".to_owned(),
            access: ApiKeyAccess::Admin.into(),
            ..ApiKey::default()
        }),
        ..Default::default()
    };
    let there = trusting.with(&old, "");
    let outcome = call!(there.organizations.create_organization(create.clone()));
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    let outcome = call!(there.organizations.create_api_key(key.clone()));
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
    let keys = ListApiKeysRequest::default();
    let outcome = call!(there.organizations.list_api_keys(keys));
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");

    // New ones are good at once, and those of their sessions.
    let new = app.login("ann@example.com", change[1]).await.unwrap();
    let next = app.refresh(&new).await.unwrap();
    for token in [&new.access_token, &next.access_token] {
        for server in [&app, &trusting] {
            server.me(token).await.unwrap();
            let server = server.with(token, "");
            call!(server.organizations.create_organization(create.clone())).unwrap();
            call!(server.organizations.create_api_key(key.clone())).unwrap();
        }
    }
}
