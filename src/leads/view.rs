//! What a lead is answered with: its contacts and deals, if asked for.

use uuid::Uuid;

use super::store::Lead;
use crate::{
    contacts,
    db::Conn,
    deals,
    error::Result,
    page::Page,
    proto::{self, LeadView},
};

/// Most contacts, and most deals, that a lead is answered with.
const MAX_SHOWN: i64 = 1000;

/// The lead in this view.
pub async fn answer(
    conn: &Conn,
    organization_id: Uuid,
    lead: Lead,
    view: LeadView,
) -> Result<proto::Lead> {
    let id = lead.id;
    let mut answer = proto::Lead::from(lead);
    if matches!(view, LeadView::WithContacts | LeadView::Full) {
        let filter = contacts::store::Filter {
            lead_id: Some(id),
            ..Default::default()
        };
        let page = Page::first(MAX_SHOWN, false);
        let contacts = contacts::store::list(conn, organization_id, &filter, page).await?;
        answer.contacts = contacts.into_iter().map(proto::Contact::from).collect();
    }
    if view == LeadView::Full {
        let filter = deals::store::Filter {
            lead_id: Some(id),
            ..Default::default()
        };
        let page = Page::first(MAX_SHOWN, false);
        let deals = deals::store::list(conn, organization_id, &filter, page).await?;
        answer.deals = deals.into_iter().map(proto::Deal::from).collect();
    }
    Ok(answer)
}
