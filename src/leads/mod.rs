//! Leads: the people and companies who ask.
//!
//! An identifier (`external_id`, `phone`, `email`) belongs to at most one lead
//! of an organization. A lead is really deleted, with its closed contacts, and
//! not while it has active ones.

mod grpc;
mod person;
pub mod resolve;
pub mod store;
mod view;

use std::time::Duration;

pub use grpc::Leads;
use phonenumber::country;
use store::Lead;

use crate::{
    call::reply::timestamp,
    error::Result,
    platform::{
        db::{Db, Scope},
        grpc::validate::{MAX_NAME, Violations},
    },
    proto,
};

/// How often new texts are sorted into the index that searches use.
const INDEX_INTERVAL: Duration = Duration::from_millis(500);

/// Sorts new texts into the index that searches use, every now and then, for
/// ever. They are found before, too, but that takes longer the more they are.
pub async fn keep_indexed(db: &Db) {
    loop {
        if let Err(error) = index_new_texts(db).await {
            tracing::debug!(error = error.chain(), "new texts are left to intake");
        }
        tokio::time::sleep(INDEX_INTERVAL).await;
    }
}

async fn index_new_texts(db: &Db) -> Result<()> {
    db.transaction(Scope::None, async |conn| store::index_new_texts(conn).await)
        .await
}

/// What is known of a lead, checked and normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub external_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub name: String,
}

impl Identity {
    /// Checks the identity at `path` of a request.
    pub fn parse(
        violations: &mut Violations,
        path: &str,
        identity: &proto::LeadIdentity,
        region: Option<country::Id>,
    ) -> Self {
        let parsed = Self {
            external_id: violations.optional_line(
                &format!("{path}.external_id"),
                &identity.external_id,
                MAX_NAME,
            ),
            phone: violations.phone(&format!("{path}.phone"), &identity.phone, region),
            email: violations.email(&format!("{path}.email"), &identity.email),
            name: violations.line(&format!("{path}.name"), &identity.name, MAX_NAME),
        };
        if parsed.external_id.is_none() && parsed.phone.is_none() && parsed.email.is_none() {
            violations.add(path, "needs an external_id, a phone or an email");
        }
        parsed
    }
}

impl From<Lead> for proto::Lead {
    fn from(lead: Lead) -> Self {
        Self {
            id: lead.id.to_string(),
            external_id: lead.external_id.unwrap_or_default(),
            phone: lead.phone.unwrap_or_default(),
            email: lead.email.unwrap_or_default(),
            name: lead.name,
            owner_user_id: lead
                .owner_user_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
            contacts: Vec::new(),
            deals: Vec::new(),
            next_contacts_page_token: String::new(),
            next_deals_page_token: String::new(),
            create_time: Some(timestamp(lead.create_time)),
            update_time: Some(timestamp(lead.update_time)),
            etag: lead.revision.to_string(),
        }
    }
}
