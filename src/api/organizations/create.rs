//! `OrganizationService.CreateOrganization`.

use uuid::Uuid;

use crate::{
    access::Role,
    call::Context,
    error::{Error, Result},
    ids::OrganizationId,
    model::Change,
    organizations::{
        Limits, MAX_NAME,
        settings::{check, currencies, currency, region, time_zone},
        store::{self, NewOrganization},
    },
    platform::{grpc::validate::Violations, idempotency::IdempotencyKey},
    proto::{self, CreateOrganizationRequest},
};

pub(super) async fn create_organization(
    limits: Limits,
    context: Context,
    request: CreateOrganizationRequest,
) -> Result<proto::Organization> {
    let user_id = context.user_id()?;
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let organization = violations.required("organization", request.organization)?;
    let v = &mut violations;
    let organization = NewOrganization {
        id: match &idempotency_key {
            // A repeated request finds what the first has made.
            Some(idempotency_key) => OrganizationId::from_uuid(Uuid::new_v5(
                &user_id.as_uuid(),
                idempotency_key.request_id.as_bytes(),
            )),
            None => OrganizationId::generate(),
        },
        name: v.required_line("organization.name", &organization.name, MAX_NAME),
        default_currency: currency(v, &organization.default_currency),
        default_phone_region: region(v, &organization.default_phone_region),
        time_zone: time_zone(v, &organization.time_zone),
        currencies: currencies(v, organization.currencies),
    };
    violations.finish()?;

    let (context, organization) = (context.with_organization(organization.id), &organization);
    let created = context
        .write(idempotency_key, async |tx| {
            let NewOrganization {
                time_zone,
                default_currency,
                currencies,
                ..
            } = organization;
            let owned = store::members::count_owned(tx, user_id).await?;
            limits.check_owned(user_id, owned)?;
            check(tx, None, time_zone, default_currency, currencies).await?;
            let created = store::insert(tx, organization).await?;
            // Its answer was kept once.
            let created = created.ok_or(Error::RequestIdReused)?;
            store::members::insert(tx, user_id, Role::Owner).await?;
            tx.record(Change::OrganizationCreated(created.id));
            Ok(created.into())
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context.identities().forget_user(user_id);
    created
}
