//! The edge of `OrganizationService.ListAuditEvents`.

use uuid::Uuid;

use crate::{
    audit::store::{self, AuditEvent},
    call::Context,
    error::Result,
    ids,
    platform::grpc::{convert::timestamp, page::Pager, validate::Violations},
    proto::{self, ListAuditEventsRequest, ListAuditEventsResponse},
};

pub async fn list_audit_events(
    context: Context,
    request: ListAuditEventsRequest,
) -> Result<ListAuditEventsResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, organization_id, &request);
    let resource_id: Option<Uuid> = violations.optional_id("resource_id", &request.resource_id);
    violations.finish()?;
    let page = pager.page;
    let events = context
        .read(async |tx| match resource_id {
            Some(id) => store::list_of(tx, id, page).await,
            None => store::list(tx, page).await,
        })
        .await?;
    let page = pager.finish(events, |event| event.id, proto::AuditEvent::from);
    Ok(ListAuditEventsResponse {
        audit_events: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

impl From<AuditEvent> for proto::AuditEvent {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.id.to_string(),
            create_time: Some(timestamp(event.create_time)),
            user_id: ids::text(event.user_id),
            api_key_id: ids::text(event.api_key_id),
            method: event.method,
            resource_ids: event.resource_ids.iter().map(Uuid::to_string).collect(),
            denied_reason: event.denied_reason.unwrap_or_default(),
            denied_count: event.denied_count,
        }
    }
}
