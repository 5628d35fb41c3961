//! What of an answer is for whom.

use crate::{
    access::{AccessLevel, KeyAccess},
    call::Context,
    leads::LeadIdentity,
    proto::{self, CreateContactResponse},
};

/// What a caller sees of the answer to a contact, of which all is kept.
pub enum View {
    /// All of it.
    All,
    /// Ids, whether it was assigned, and what the caller has sent of its lead: services
    /// that take contacts in for strangers are not told what is known of people.
    Sent(LeadIdentity),
}

impl View {
    /// That of this caller, who has sent this of the lead.
    pub fn of(context: &Context, sent: &LeadIdentity) -> Self {
        match context.access_level {
            Some(AccessLevel::Key(KeyAccess::Intake)) => Self::Sent(sent.clone()),
            _ => Self::All,
        }
    }

    /// The answer as the caller sees it.
    pub fn answer(self, response: CreateContactResponse) -> CreateContactResponse {
        let contact = response.contact.unwrap_or_default();
        let assigned = contact.operator_id.is_some();
        let Self::Sent(sent) = self else {
            return CreateContactResponse {
                contact: Some(contact),
                assigned,
                ..response
            };
        };
        let lead = proto::Lead {
            id: contact.lead_id.clone(),
            external_id: sent.external_id.unwrap_or_default(),
            phone: sent.phone.unwrap_or_default(),
            email: sent.email.unwrap_or_default(),
            name: sent.name,
            ..proto::Lead::default()
        };
        let contact = proto::Contact {
            id: contact.id,
            lead_id: contact.lead_id,
            source_id: contact.source_id,
            message: contact.message,
            ..proto::Contact::default()
        };
        CreateContactResponse {
            contact: Some(contact),
            lead: Some(lead),
            assigned,
            ..CreateContactResponse::default()
        }
    }
}
