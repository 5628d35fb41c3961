//! Leads as proto has them.

use crate::{leads::store::Lead, platform::grpc::convert::timestamp, proto};

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
