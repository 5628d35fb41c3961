//! `OrganizationService`: a function per method, in the file of its subject if not here.

mod audit;
mod caller;
mod convert;
mod create;
mod delete;
mod invitations;
mod keys;
mod leave;
mod members;
mod mine;
mod roles;

use std::sync::Arc;

use tonic::Request;
use uuid::Uuid;

use self::{
    audit::list_audit_events,
    create::create_organization,
    delete::delete_organization,
    invitations::{accept_invitation, add_member, list_invitations, revoke_invitation},
    keys::{create_api_key, list_api_keys, revoke_api_key},
    leave::remove_member,
    members::list_members,
    mine::{list_my_organizations, set_default_organization},
    roles::{transfer_ownership, update_member_role},
};
use crate::{
    call::{
        Context, Frame,
        reply::{Rpc, reply, reply_with},
    },
    contacts::Contacts,
    error::{Error, Resource, Result},
    model::Change,
    organizations::{
        Limits, MAX_NAME,
        settings::{check, currencies, currency, region, time_zone},
        store::{self, OrganizationChange},
    },
    platform::{
        grpc::{mask::Mask, validate::Violations},
        idempotency::IdempotencyKey,
    },
    proto::{
        self, AcceptInvitationRequest, AddMemberRequest, AddMemberResponse, CreateApiKeyRequest,
        CreateApiKeyResponse, CreateOrganizationRequest, DeleteOrganizationRequest,
        GetOrganizationRequest, ListApiKeysRequest, ListApiKeysResponse, ListAuditEventsRequest,
        ListAuditEventsResponse, ListInvitationsRequest, ListInvitationsResponse,
        ListMembersRequest, ListMembersResponse, ListMyOrganizationsRequest,
        ListMyOrganizationsResponse, RemoveMemberRequest, RevokeApiKeyRequest,
        RevokeInvitationRequest, SetDefaultOrganizationRequest, TransferOwnershipRequest,
        UpdateMemberRoleRequest, UpdateOrganizationRequest,
        organization_service_server::OrganizationService,
    },
};

/// Serves `OrganizationService`.
pub struct Organizations {
    pub frame: Arc<Frame>,
    pub contacts: Contacts,
    pub limits: Limits,
}

#[tonic::async_trait]
impl OrganizationService for Organizations {
    async fn create_organization(
        &self,
        r: Request<CreateOrganizationRequest>,
    ) -> Rpc<proto::Organization> {
        reply_with(&self.frame, &self.limits, r, create_organization).await
    }

    async fn get_organization(
        &self,
        r: Request<GetOrganizationRequest>,
    ) -> Rpc<proto::Organization> {
        reply(&self.frame, r, get_organization).await
    }

    async fn list_my_organizations(
        &self,
        r: Request<ListMyOrganizationsRequest>,
    ) -> Rpc<ListMyOrganizationsResponse> {
        reply(&self.frame, r, list_my_organizations).await
    }

    async fn update_organization(
        &self,
        r: Request<UpdateOrganizationRequest>,
    ) -> Rpc<proto::Organization> {
        reply(&self.frame, r, update_organization).await
    }

    async fn list_members(&self, r: Request<ListMembersRequest>) -> Rpc<ListMembersResponse> {
        reply(&self.frame, r, list_members).await
    }

    async fn add_member(&self, r: Request<AddMemberRequest>) -> Rpc<AddMemberResponse> {
        reply_with(&self.frame, &self.limits, r, add_member).await
    }

    async fn accept_invitation(
        &self,
        r: Request<AcceptInvitationRequest>,
    ) -> Rpc<proto::Membership> {
        reply(&self.frame, r, accept_invitation).await
    }

    async fn list_invitations(
        &self,
        r: Request<ListInvitationsRequest>,
    ) -> Rpc<ListInvitationsResponse> {
        reply(&self.frame, r, list_invitations).await
    }

    async fn revoke_invitation(&self, r: Request<RevokeInvitationRequest>) -> Rpc<()> {
        reply(&self.frame, r, revoke_invitation).await
    }

    async fn set_default_organization(
        &self,
        r: Request<SetDefaultOrganizationRequest>,
    ) -> Rpc<proto::Membership> {
        reply(&self.frame, r, set_default_organization).await
    }

    async fn delete_organization(&self, r: Request<DeleteOrganizationRequest>) -> Rpc<()> {
        reply(&self.frame, r, delete_organization).await
    }

    async fn update_member_role(&self, r: Request<UpdateMemberRoleRequest>) -> Rpc<proto::Member> {
        reply(&self.frame, r, update_member_role).await
    }

    async fn remove_member(&self, r: Request<RemoveMemberRequest>) -> Rpc<()> {
        reply_with(&self.frame, &self.contacts, r, remove_member).await
    }

    async fn transfer_ownership(&self, r: Request<TransferOwnershipRequest>) -> Rpc<proto::Member> {
        reply(&self.frame, r, transfer_ownership).await
    }

    async fn create_api_key(&self, r: Request<CreateApiKeyRequest>) -> Rpc<CreateApiKeyResponse> {
        reply(&self.frame, r, create_api_key).await
    }

    async fn list_api_keys(&self, r: Request<ListApiKeysRequest>) -> Rpc<ListApiKeysResponse> {
        reply(&self.frame, r, list_api_keys).await
    }

    async fn revoke_api_key(&self, r: Request<RevokeApiKeyRequest>) -> Rpc<proto::ApiKey> {
        reply(&self.frame, r, revoke_api_key).await
    }

    async fn list_audit_events(
        &self,
        r: Request<ListAuditEventsRequest>,
    ) -> Rpc<ListAuditEventsResponse> {
        reply(&self.frame, r, list_audit_events).await
    }
}

async fn get_organization(
    context: Context,
    _: GetOrganizationRequest,
) -> Result<proto::Organization> {
    context
        .read(async |tx| Ok(store::find(tx).await?.into()))
        .await
}

async fn update_organization(
    context: Context,
    request: UpdateOrganizationRequest,
) -> Result<proto::Organization> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = context.organization_id;
    let organization = violations.required("organization", request.organization)?;
    if !organization.id.is_empty() && Uuid::parse_str(&organization.id) != Ok(id.as_uuid()) {
        violations.add("organization.id", "is not that of the call's organization");
    }
    let fields = [
        ("name", !organization.name.is_empty()),
        (
            "default_currency",
            !organization.default_currency.is_empty(),
        ),
        (
            "default_phone_region",
            !organization.default_phone_region.is_empty(),
        ),
        ("time_zone", !organization.time_zone.is_empty()),
        ("currencies", !organization.currencies.is_empty()),
    ];

    let mask = Mask::parse::<proto::Organization>(
        &mut violations,
        request.update_mask.as_ref(),
        &fields,
        &[],
    );
    let v = &mut violations;
    let change = OrganizationChange {
        name: mask.then("name", || {
            v.required_line("organization.name", &organization.name, MAX_NAME)
        }),
        default_currency: mask.then("default_currency", || {
            currency(v, &organization.default_currency)
        }),
        default_phone_region: mask.then("default_phone_region", || {
            region(v, &organization.default_phone_region)
        }),
        time_zone: mask.then("time_zone", || time_zone(v, &organization.time_zone)),
        currencies: mask.then("currencies", || currencies(v, organization.currencies)),
    };
    violations.finish()?;

    let (change, etag) = (&change, &organization.etag);
    let updated = context
        .write(idempotency_key, async |tx| {
            let mut organization = store::lock(tx).await?;
            Error::check_etag(Resource::Organization, id, etag, organization.revision)?;
            let change = change.clone().of(&organization);
            if change != OrganizationChange::default() {
                let before = organization;
                organization = store::update(tx, &change).await?;
                let store::Organization {
                    time_zone,
                    default_currency,
                    currencies,
                    ..
                } = &organization;
                check(tx, Some(&before), time_zone, default_currency, currencies).await?;
                tx.record(Change::OrganizationUpdated(id));
            }
            Ok(organization.into())
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context.identities().forget_organization(id);
    updated
}
