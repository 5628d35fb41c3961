//! The methods of `OrganizationService` about keys for services. The secret of a
//! key is in its first answer only: what is kept is a hash.

use crate::{
    access::{
        Identity, KeyAccess,
        credential::{Credential, KEY_PREFIX},
    },
    call::Context,
    error::Result,
    model::Change,
    organizations::{
        MAX_NAME,
        store::{
            invitations,
            keys::{self, NewApiKey},
        },
    },
    platform::{
        grpc::{page::Pager, validate::Violations},
        idempotency::IdempotencyKey,
    },
    proto::{
        self, ApiKeyAccess, CreateApiKeyRequest, CreateApiKeyResponse, ListApiKeysRequest,
        ListApiKeysResponse, RevokeApiKeyRequest,
    },
};

pub(super) async fn create_api_key(
    context: Context,
    request: CreateApiKeyRequest,
) -> Result<CreateApiKeyResponse> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let given = violations.required("api_key", request.api_key)?;
    let credential = Credential::generate(context.organization_id);
    let key = NewApiKey {
        id: credential.id,
        name: violations.required_line("api_key.name", &given.name, MAX_NAME),
        access: access(&mut violations, given.access),
        secret_hash: credential.hash().to_vec(),
        expire_time: violations.time("api_key.expire_time", given.expire_time),
    };
    violations.finish()?;

    let key = &key;
    let mut created = context
        .write(idempotency_key, async |tx| {
            let key = keys::insert(tx, key).await?;
            let mut violations = Violations::new();
            if key.expire_time.is_some_and(|time| time <= key.create_time) {
                violations.add("api_key.expire_time", "is not in the future");
            }
            violations.finish()?;
            tx.record(Change::ApiKeyCreated(key.id));
            Ok(CreateApiKeyResponse {
                api_key: Some(key.into()),
                secret: String::new(),
            })
        })
        .await?;
    // In an answer that was kept it is another key.
    let id = key.id.to_string();
    if created.api_key.as_ref().is_some_and(|key| key.id == id) {
        created.secret = credential.text(KEY_PREFIX);
    }
    Ok(created)
}

pub(super) async fn list_api_keys(
    context: Context,
    request: ListApiKeysRequest,
) -> Result<ListApiKeysResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, organization_id, &request);
    violations.finish()?;
    let page = pager.page;
    let keys = context.read(async |tx| keys::list(tx, page).await).await?;
    let page = pager.finish(keys, |key| key.id, proto::ApiKey::from);
    Ok(ListApiKeysResponse {
        api_keys: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

pub(super) async fn revoke_api_key(
    context: Context,
    request: RevokeApiKeyRequest,
) -> Result<proto::ApiKey> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;

    let revoked = context
        .write(idempotency_key, async |tx| {
            let key = keys::revoke(tx, id).await?;
            let inviter = Identity::ApiKey(id);
            invitations::delete_of(tx, inviter, &[]).await?;
            tx.record(Change::ApiKeyRevoked(id));
            Ok(key.into())
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context.identities().forget_keys();
    revoked
}

fn access(violations: &mut Violations, access: i32) -> KeyAccess {
    let access: ApiKeyAccess = violations.required_enum("api_key.access", access);
    Option::from(access).unwrap_or(KeyAccess::Read)
}
