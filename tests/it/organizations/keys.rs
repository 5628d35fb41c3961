//! Keys for services.

use minicrm::{
    access::{AccessLevel, Grant, KeyAccess, Who, table::TABLE},
    proto::{
        ApiKey, ApiKeyAccess, CreateApiKeyRequest, CreateApiKeyResponse, ListApiKeysRequest,
        ListContactsRequest, ListMembersRequest, ListSourcesRequest, RevokeApiKeyRequest,
    },
};
use prost_types::Timestamp;
use tonic::{Code, Status};

use crate::support::{
    App, assert_error, assert_invalid, call, contact, external, operator, request_id, until,
};

async fn start() -> (App, App) {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    (app, anns)
}

async fn revoke(app: &App, id: &str) -> Result<ApiKey, Status> {
    let request = RevokeApiKeyRequest {
        id: id.to_owned(),
        ..Default::default()
    };
    call!(app.organizations.revoke_api_key(request))
}

fn assert_unauthenticated<T: std::fmt::Debug>(outcome: Result<T, Status>) {
    assert_error(outcome, Code::Unauthenticated, "UNAUTHENTICATED");
}

#[tokio::test]
async fn the_secret_of_a_key_is_shown_once_and_kept_nowhere() {
    let (app, anns) = start().await;
    let request = CreateApiKeyRequest {
        api_key: Some(ApiKey {
            id: "ignored".to_owned(),
            name: " Bot ".to_owned(),
            access: ApiKeyAccess::Admin.into(),
            expire_time: Some(Timestamp {
                seconds: 4_000_000_000,
                nanos: 0,
            }),
            ..ApiKey::default()
        }),
        request_id: request_id(),
    };
    let create = || async { call!(anns.organizations.create_api_key(request.clone())).unwrap() };
    let created = create().await;
    let key = created.api_key.clone().unwrap();
    let expected = ApiKey {
        id: key.id.clone(),
        name: "Bot".to_owned(),
        create_time: key.create_time,
        ..request.api_key.clone().unwrap()
    };
    assert_eq!(key, expected);
    let replay = CreateApiKeyResponse {
        secret: String::new(),
        ..created.clone()
    };
    assert_eq!(create().await, replay);
    assert!(created.secret.starts_with("mck_"));
    app.with(&created.secret, "").enter().await.unwrap();
    app.assert_nowhere(&created.secret).await;

    let create = async |key: ApiKey| {
        let request = CreateApiKeyRequest {
            api_key: Some(key),
            ..Default::default()
        };
        call!(anns.organizations.create_api_key(request))
    };
    let fields = ["api_key.name", "api_key.access"];
    assert_invalid(create(ApiKey::default()).await, &fields);
    let past = ApiKey {
        expire_time: Some(Timestamp {
            seconds: 1_000_000_000,
            nanos: 0,
        }),
        ..key
    };
    assert_invalid(create(past).await, &["api_key.expire_time"]);
}

#[tokio::test]
async fn keys_are_listed_and_revoked_for_good() {
    let (app, anns) = start().await;
    let other = App::forgetful(app.database_url.clone()).await;
    let mut ids = Vec::new();
    let mut secrets = Vec::new();
    for _ in 0..3 {
        let created = anns.key(ApiKeyAccess::Read).await;
        ids.insert(0, created.api_key.unwrap().id);
        secrets.insert(0, created.secret);
    }
    let list = async |page_size, page_token: String| {
        let request = ListApiKeysRequest {
            page_size,
            page_token,
            ..Default::default()
        };
        call!(anns.organizations.list_api_keys(request)).unwrap()
    };
    let (here, there) = (app.with(&secrets[1], ""), other.with(&secrets[1], ""));
    here.enter().await.unwrap();
    there.enter().await.unwrap();
    let revoked = revoke(&anns, &ids[1]).await.unwrap();
    assert!(revoked.revoke_time.is_some() && revoked.last_use_time.is_some());
    assert_eq!(revoke(&anns, &ids[1]).await.unwrap(), revoked);
    assert_unauthenticated(here.enter().await);
    until("it is refused there", async || there.enter().await.is_err()).await;
    assert_unauthenticated(there.enter().await);
    app.with(&secrets[0], "").enter().await.unwrap();

    let all = list(0, String::new()).await.api_keys;
    assert_eq!(
        all.iter().map(|key| &key.id).collect::<Vec<_>>(),
        ids.iter().collect::<Vec<_>>()
    );
    assert_eq!(all[1], revoked);
    let first = list(2, String::new()).await;
    let second = list(2, first.next_page_token).await;
    assert_eq!([first.api_keys, second.api_keys].concat(), all);

    // Those of others are none of theirs.
    let eve = app.user("eve@example.com").await;
    let evil = app.organization(&eve).await;
    let outcome = revoke(&app.of(&eve, &evil), &ids[0]).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    let named = app.with(&secrets[0], &evil.id).enter().await;
    assert_error(named, Code::PermissionDenied, "ORGANIZATION_DENIED");
}

#[tokio::test]
async fn a_key_ends_when_it_expires() {
    let (app, anns) = start().await;
    let created = anns.key(ApiKeyAccess::Read).await;
    let id = created.api_key.unwrap().id;
    let expire = format!("UPDATE api_keys SET expire_time = now() + '1 s' WHERE id = '{id}'");
    app.execute(&expire).await;
    let key = app.with(&created.secret, "");
    key.enter().await.unwrap();
    // Though it is remembered.
    until("it has expired", async || key.enter().await.is_err()).await;
    assert_unauthenticated(key.enter().await);
}

#[tokio::test]
async fn a_key_does_what_its_access_says() {
    let (app, anns) = start().await;
    let source = anns.source("bot", &[]).await;
    let callers = async |access| app.with(&anns.key(access).await.secret, "");
    let intake = callers(ApiKeyAccess::Intake).await;
    let read = callers(ApiKeyAccess::Read).await;
    let manager = callers(ApiKeyAccess::Manager).await;
    let denied = |status: Status| {
        assert_error(Err::<(), _>(status), Code::PermissionDenied, "ROLE_DENIED");
    };

    let request = contact(&source, external(1));
    intake.create_contact(request.clone()).await.unwrap();
    manager.create_contact(request.clone()).await.unwrap();
    denied(read.create_contact(request).await.unwrap_err());

    let list = |app: App| async move {
        let request = ListContactsRequest::default();
        call!(app.contacts.list_contacts(request)).map(drop)?;
        let request = ListSourcesRequest::default();
        call!(app.sources.list_sources(request)).map(drop)
    };
    list(read.clone()).await.unwrap();
    list(manager.clone()).await.unwrap();
    denied(list(intake.clone()).await.unwrap_err());
    denied(intake.enter().await.unwrap_err());

    manager.operator(operator("Bob")).await;
    let request = ListMembersRequest::default();
    denied(call!(read.organizations.list_members(request)).unwrap_err());
    let request = ListApiKeysRequest::default();
    denied(call!(manager.organizations.list_api_keys(request)).unwrap_err());

    // A user's methods are no service's.
    let request = minicrm::proto::ListMyOrganizationsRequest::default();
    let outcome = call!(manager.organizations.list_my_organizations(request));
    assert_error(outcome, Code::PermissionDenied, "USER_REQUIRED");
}

#[test]
fn intake_takes_in_and_read_reads() {
    let granted = |access| {
        let methods = TABLE.iter().filter(move |row| match row.who {
            Who::Permitted(permissions) => permissions.grant(AccessLevel::Key(access)) != Grant::No,
            _ => false,
        });
        methods.map(|row| row.method).collect::<Vec<_>>()
    };
    let intake = granted(KeyAccess::Intake);
    assert_eq!(intake, ["CreateContact", "BatchCreateContacts"]);
    let reads = ["Get", "List", "Lookup", "Preview"];
    let private = [
        "ListMembers",
        "ListInvitations",
        "ListApiKeys",
        "ListAuditEvents",
    ];
    let expected: Vec<_> = TABLE
        .iter()
        .filter(|row| matches!(row.who, Who::Permitted(_)))
        .map(|row| row.method)
        .filter(|method| reads.iter().any(|verb| method.starts_with(verb)))
        .filter(|method| !private.contains(method))
        .collect();
    assert_eq!(granted(KeyAccess::Read), expected);
}
