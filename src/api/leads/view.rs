//! What a lead is answered with: its contacts and deals, if asked for.

use crate::{
    contacts, deals,
    error::Result,
    leads::store::Lead,
    platform::{
        db::TenantTx,
        grpc::{
            page::{Pager, Room},
            validate::Violations,
        },
    },
    proto::{self, LeadView, ListContactsRequest, ListDealsRequest},
};

/// Most contacts, and most deals, that a lead is answered with.
const MAX_SHOWN: i32 = 1000;

/// The lead in this view. What there is no room for is on the next page of its list.
pub async fn answer(tx: &TenantTx, lead: Lead, view: LeadView) -> Result<proto::Lead> {
    let id = lead.id;
    let mut answer = proto::Lead::from(lead);
    let (mut violations, mut room) = (Violations::new(), Room::default());
    if matches!(view, LeadView::WithContacts | LeadView::Full) {
        let request = ListContactsRequest {
            page_size: MAX_SHOWN,
            lead_id: id.to_string(),
            ..Default::default()
        };
        let pager = Pager::parse(&mut violations, tx.organization_id(), &request);
        let filter = contacts::store::Filter {
            lead_id: Some(id),
            ..Default::default()
        };
        let found = contacts::store::list(tx, &filter, pager.page).await?;
        let page = pager.finish_in(&mut room, found, |row| row.id, proto::Contact::from);
        answer.contacts = page.items;
        answer.next_contacts_page_token = page.next_page_token;
    }
    if view == LeadView::Full {
        let request = ListDealsRequest {
            page_size: MAX_SHOWN,
            lead_id: id.to_string(),
            ..Default::default()
        };
        let pager = Pager::parse(&mut violations, tx.organization_id(), &request);
        let filter = deals::store::Filter {
            lead_id: Some(id),
            ..Default::default()
        };
        let page = pager.page;
        let found = deals::store::list(tx, &filter, page).await?;
        let sort_key = |deal: &deals::store::Deal| deal.sort_key(page.order);
        let page = pager.finish_in(&mut room, found, sort_key, proto::Deal::from);
        answer.deals = page.items;
        answer.next_deals_page_token = page.next_page_token;
    }
    violations.finish()?;
    Ok(answer)
}
