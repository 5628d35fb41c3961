//! `LeadService.ExportLead` and `EraseLead`: what is kept about a person, and what
//! is left when it is not kept any more.

use futures_util::future::try_join;
use uuid::Uuid;

use super::{
    grpc::lock,
    store::{self, LeadChange},
};
use crate::{
    activities, contacts,
    context::Context,
    deals,
    error::Result,
    page::Page,
    proto::{self, EraseLeadRequest, ExportLeadRequest, ExportLeadResponse},
    request_id::{self, Claim},
    tasks,
    validate::Violations,
};

/// Most things of a kind in an export.
const MAX_EXPORTED: usize = 10_000;
/// What stands where something cannot be empty.
const ERASED: &str = "Erased";

pub async fn export_lead(
    context: Context,
    request: ExportLeadRequest,
) -> Result<ExportLeadResponse> {
    let mut violations = Violations::new();
    let id = violations.id("id", &request.id);
    violations.finish()?;
    let organization_id = context.organization_id;
    let fetch = i64::try_from(MAX_EXPORTED)
        .unwrap_or(i64::MAX)
        .saturating_add(1);
    let page = Page::first(fetch, false);
    let (lead, mut contacts, mut deals, mut tasks, mut activities) = context
        .read(async |conn| {
            let lead = store::find(conn, organization_id, id).await?;
            let of_lead = contacts::store::Filter {
                lead_id: Some(id),
                ..Default::default()
            };
            let contacts = contacts::store::list(conn, organization_id, &of_lead, page).await?;
            let of_lead = deals::store::Filter {
                lead_id: Some(id),
                ..Default::default()
            };
            let deals = deals::store::list(conn, organization_id, &of_lead, page).await?;
            let ids: Vec<Uuid> = deals.iter().map(|deal| deal.id).collect();
            let (tasks, activities) = try_join(
                tasks::store::of_deals(conn, organization_id, &ids, fetch),
                activities::store::of_deals(conn, organization_id, &ids, fetch),
            )
            .await?;
            Ok((lead, contacts, deals, tasks, activities))
        })
        .await?;
    let lengths = [contacts.len(), deals.len(), tasks.len(), activities.len()];
    contacts.truncate(MAX_EXPORTED);
    deals.truncate(MAX_EXPORTED);
    tasks.truncate(MAX_EXPORTED);
    activities.truncate(MAX_EXPORTED);
    Ok(ExportLeadResponse {
        lead: Some(lead.into()),
        contacts: contacts.into_iter().map(proto::Contact::from).collect(),
        deals: deals.into_iter().map(proto::Deal::from).collect(),
        tasks: tasks.into_iter().map(proto::Task::from).collect(),
        activities: activities.into_iter().map(proto::Activity::from).collect(),
        truncated: lengths.iter().any(|length| *length > MAX_EXPORTED),
    })
}

pub async fn erase_lead(context: Context, request: EraseLeadRequest) -> Result<proto::Lead> {
    let mut violations = Violations::new();
    let claim = Claim::parse(&mut violations, "EraseLead", &request.request_id, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;
    let (context, etag) = (&context, &request.etag);
    let nothing = &LeadChange {
        external_id: Some(None),
        phone: Some(None),
        email: Some(None),
        name: Some(String::new()),
        owner_user_id: None,
    };
    context
        .write(claim, id, async |conn| {
            let organization_id = context.organization_id;
            let before = lock(context, conn, id, etag).await?;
            let nothing = nothing.clone().of(&before);
            let lead = if nothing == LeadChange::default() {
                before.clone()
            } else {
                store::update(conn, organization_id, id, &nothing).await?
            };
            contacts::store::erase_of_lead(conn, organization_id, id).await?;
            let mut ids = deals::store::erase_of_lead(conn, organization_id, id, ERASED).await?;
            tasks::store::erase_of_deals(conn, organization_id, &ids, ERASED).await?;
            activities::store::erase_of_deals(conn, &ids, ERASED).await?;
            ids.push(id);
            request_id::forget(conn, organization_id, before.create_time, &ids).await?;
            Ok(lead.into())
        })
        .await
}
