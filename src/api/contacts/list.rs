//! `GetContact` and `ListContacts`.

use crate::{
    call::Context,
    contacts::{
        Contacts,
        store::{self, Filter},
    },
    error::Result,
    platform::grpc::{page::Pager, validate::Violations},
    proto::{self, GetContactRequest, ListContactsRequest, ListContactsResponse},
};

pub async fn get_contact(
    contacts: Contacts,
    context: Context,
    request: GetContactRequest,
) -> Result<proto::Contact> {
    let mut violations = Violations::new();
    let id = violations.id("id", &request.id);
    violations.finish()?;
    Ok(contacts.get(&context.actor, id).await?.into())
}

pub async fn list_contacts(
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
                v.required_enum::<proto::ContactStatus>(&format!("statuses[{index}]"), status)
                    .into()
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
    let (filter, page) = (&filter, pager.page);
    let contacts = context
        .read_stale(async |tx| store::list(tx, filter, page).await)
        .await?;
    let page = pager.finish(contacts, |contact| contact.id, proto::Contact::from);
    Ok(ListContactsResponse {
        contacts: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}
