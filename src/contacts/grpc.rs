//! The edge of `ContactService`: checks requests, runs them, answers. Intake,
//! changes of status and operator, and history have files of their own beside it.

use std::sync::Arc;

use tonic::Request;

use super::{
    change::{reassign_contact, set_contact_status},
    get::get_contact,
    history::list_assignments,
    intake::{batch_create_contacts, create_contact},
    kept_status,
    store::{self, Contact, Filter},
};
use crate::{
    call::{
        App, Context,
        reply::{Rpc, reply},
    },
    error::{Error, Result},
    operators,
    platform::{
        db::Conn,
        grpc::{
            mask::{Mask, other},
            page::Pager,
            validate::{MAX_MESSAGE, Violations},
        },
        idempotency::Claim,
    },
    proto::{
        self, BatchCreateContactsRequest, BatchCreateContactsResponse, CreateContactRequest,
        CreateContactResponse, GetContactRequest, ListAssignmentsRequest, ListAssignmentsResponse,
        ListContactsRequest, ListContactsResponse, ReassignContactRequest, SetContactStatusRequest,
        UpdateContactRequest, contact_service_server::ContactService,
    },
};

/// Serves `ContactService`.
pub struct Contacts(pub Arc<App>);

#[tonic::async_trait]
impl ContactService for Contacts {
    async fn create_contact(&self, r: Request<CreateContactRequest>) -> Rpc<CreateContactResponse> {
        reply(&self.0, r, create_contact).await
    }

    async fn batch_create_contacts(
        &self,
        r: Request<BatchCreateContactsRequest>,
    ) -> Rpc<BatchCreateContactsResponse> {
        reply(&self.0, r, batch_create_contacts).await
    }

    async fn get_contact(&self, r: Request<GetContactRequest>) -> Rpc<proto::Contact> {
        reply(&self.0, r, get_contact).await
    }

    async fn list_contacts(&self, r: Request<ListContactsRequest>) -> Rpc<ListContactsResponse> {
        reply(&self.0, r, list_contacts).await
    }

    async fn update_contact(&self, r: Request<UpdateContactRequest>) -> Rpc<proto::Contact> {
        reply(&self.0, r, update_contact).await
    }

    async fn set_contact_status(&self, r: Request<SetContactStatusRequest>) -> Rpc<proto::Contact> {
        reply(&self.0, r, set_contact_status).await
    }

    async fn reassign_contact(&self, r: Request<ReassignContactRequest>) -> Rpc<proto::Contact> {
        reply(&self.0, r, reassign_contact).await
    }

    async fn list_assignments(
        &self,
        r: Request<ListAssignmentsRequest>,
    ) -> Rpc<ListAssignmentsResponse> {
        reply(&self.0, r, list_assignments).await
    }
}

async fn list_contacts(
    context: Context,
    request: ListContactsRequest,
) -> Result<ListContactsResponse> {
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, context.organization_id, &request);
    let v = &mut violations;
    let filter = Filter {
        lead_id: v.optional_id("lead_id", &request.lead_id),
        source_id: v.optional_id("source_id", &request.source_id),
        operator_id: v.optional_id("operator_id", &request.operator_id),
        statuses: (0..)
            .zip(&request.statuses)
            .filter_map(|(index, &status)| {
                kept_status(v.required_enum(&format!("statuses[{index}]"), status))
            })
            .collect(),
        unassigned: request.unassigned,
        create_time_after: v.time("create_time_after", request.create_time_after),
        create_time_before: v.time("create_time_before", request.create_time_before),
    };
    if filter.unassigned && filter.operator_id.is_some() {
        violations.add("unassigned", "cannot be combined with operator_id");
    }
    violations.finish()?;
    let (organization_id, filter, page) = (context.organization_id, &filter, pager.page);
    let contacts = context
        .read_stale(async |conn| store::list(conn, organization_id, filter, page).await)
        .await?;
    let page = pager.finish(contacts, |contact| contact.id, proto::Contact::from);
    Ok(ListContactsResponse {
        contacts: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

async fn update_contact(context: Context, request: UpdateContactRequest) -> Result<proto::Contact> {
    let mut violations = Violations::new();
    let claim = Claim::parse(
        &mut violations,
        "UpdateContact",
        &request.request_id,
        &request,
    );
    let contact = violations.required("contact", request.contact)?;
    let id = violations.id("contact.id", &contact.id);
    let fields = [("message", !contact.message.is_empty())];
    let output_only = [
        ("id", ""),
        ("lead_id", ""),
        ("source_id", ""),
        ("operator_id", "ReassignContact"),
        ("status", "SetContactStatus"),
        ("backlog_reason", "ReassignContact"),
        ("create_time", ""),
        ("update_time", ""),
        ("assign_time", "ReassignContact"),
        ("close_time", "SetContactStatus"),
    ];
    let mask = Mask::parse(
        &mut violations,
        request.update_mask.as_ref(),
        &fields,
        &output_only,
    );
    let message = mask.then("message", || {
        violations.lines("contact.message", &contact.message, MAX_MESSAGE)
    });
    violations.finish()?;

    let organization_id = context.organization_id;
    let (message, etag, context) = (&message, &contact.etag, &context);
    context
        .write(claim, id, async |conn| {
            let (mut contact, time) = store::lock(conn, organization_id, id).await?;
            check_own(context, conn, &contact).await?;
            Error::check_etag("contact", id, etag, contact.revision)?;
            let Some(message) = other(message.clone(), &contact.message) else {
                conn.unchanged();
                return Ok(contact.into());
            };
            contact.message = message;
            contact.update_time = time;
            let contact = store::update(conn, organization_id, &contact).await?;
            Ok(contact.into())
        })
        .await
}

/// Refuses callers who are granted their own contacts only, if its operator is
/// not linked with them.
async fn check_own(context: &Context, conn: &Conn, contact: &Contact) -> Result<()> {
    let Some(user_id) = context.only_for() else {
        return Ok(());
    };
    let organization_id = context.organization_id;
    let linked = operators::store::linked_with(conn, organization_id, &[user_id]).await?;
    let own = linked
        .iter()
        .any(|link| contact.operator_id == Some(link.0));
    context.check_own(own.then_some(user_id))
}
