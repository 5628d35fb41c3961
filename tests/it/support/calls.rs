//! The calls that many tests make, so that a test says only what it is about.

use minicrm::proto::{
    Assignment, Contact, ContactStatus, DeleteOperatorRequest, DeleteSourceRequest,
    GetContactRequest, GetLeadRequest, GetOperatorRequest, GetSourceRequest, Lead,
    ListAssignmentsRequest, ListContactsRequest, Operator, OperatorWeight, ReassignContactRequest,
    SetContactStatusRequest, SetOperatorWeightRequest, Source, UpdateOperatorRequest,
    UpdateSourceRequest,
};
use prost_types::FieldMask;
use tonic::Status;

use super::App;

/// Calls a method of a service: its answer, or its error.
macro_rules! call {
    ($app:ident.$service:ident.$method:ident($request:expr)) => {
        $app.$service
            .clone()
            .$method($request)
            .await
            .map(tonic::Response::into_inner)
    };
}
pub(crate) use call;

/// The mask of an update.
#[expect(clippy::unnecessary_wraps, reason = "as requests have it")]
pub fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask {
        paths: paths.iter().map(ToString::to_string).collect(),
    })
}

impl App {
    /// The lead as it is now.
    pub async fn get_lead(&self, id: &str) -> Lead {
        let request = GetLeadRequest {
            id: id.to_owned(),
            ..Default::default()
        };
        call!(self.leads.get_lead(request)).unwrap()
    }

    /// The contact as it is now.
    pub async fn get_contact(&self, contact: &Contact) -> Contact {
        let id = contact.id.clone();
        call!(self.contacts.get_contact(GetContactRequest { id })).unwrap()
    }

    /// The operator as it is now.
    pub async fn get_operator(&self, operator: &Operator) -> Operator {
        let id = operator.id.clone();
        call!(self.operators.get_operator(GetOperatorRequest { id })).unwrap()
    }

    /// The source as it is now.
    pub async fn get_source(&self, source: &Source) -> Source {
        let id = source.id.clone();
        call!(self.sources.get_source(GetSourceRequest { id })).unwrap()
    }

    /// The contacts of the first page.
    pub async fn list_contacts(&self, request: ListContactsRequest) -> Vec<Contact> {
        call!(self.contacts.list_contacts(request))
            .unwrap()
            .contacts
    }

    /// The decisions about a contact, newest first.
    pub async fn history(&self, contact: &Contact) -> Vec<Assignment> {
        let request = ListAssignmentsRequest {
            contact_id: contact.id.clone(),
            ..Default::default()
        };
        call!(self.contacts.list_assignments(request))
            .unwrap()
            .assignments
    }

    /// Changes a contact's status.
    pub async fn set_status(
        &self,
        contact: &Contact,
        status: ContactStatus,
        force: bool,
    ) -> Result<Contact, Status> {
        let request = SetContactStatusRequest {
            id: contact.id.clone(),
            status: status.into(),
            force,
            ..Default::default()
        };
        call!(self.contacts.set_contact_status(request))
    }

    /// Closes a contact.
    pub async fn close(&self, contact: &Contact) -> Contact {
        let closed = self.set_status(contact, ContactStatus::Closed, false).await;
        closed.unwrap()
    }

    /// Gives a contact to somebody else, by a new draw.
    pub async fn reassign(&self, contact: &Contact) -> Result<Contact, Status> {
        let request = ReassignContactRequest {
            id: contact.id.clone(),
            ..Default::default()
        };
        call!(self.contacts.reassign_contact(request))
    }

    /// Gives a contact to this operator.
    pub async fn give(
        &self,
        contact: &Contact,
        operator: &Operator,
        force: bool,
    ) -> Result<Contact, Status> {
        let request = ReassignContactRequest {
            id: contact.id.clone(),
            operator_id: Some(operator.id.clone()),
            force,
            ..Default::default()
        };
        call!(self.contacts.reassign_contact(request))
    }

    /// Updates the fields of an operator that are named.
    pub async fn update_operator(
        &self,
        operator: &Operator,
        paths: &[&str],
    ) -> Result<Operator, Status> {
        let request = UpdateOperatorRequest {
            operator: Some(operator.clone()),
            update_mask: mask(paths),
            ..Default::default()
        };
        call!(self.operators.update_operator(request))
    }

    /// Deactivates an operator.
    pub async fn deactivate(&self, operator: &Operator) {
        let inactive = Operator {
            id: operator.id.clone(),
            active: Some(false),
            ..Default::default()
        };
        self.update_operator(&inactive, &["active"]).await.unwrap();
    }

    /// Deletes an operator.
    pub async fn delete_operator(&self, operator: &Operator) -> Operator {
        let request = DeleteOperatorRequest {
            id: operator.id.clone(),
            ..Default::default()
        };
        call!(self.operators.delete_operator(request)).unwrap()
    }

    /// Updates the fields of a source that are named.
    pub async fn update_source(&self, source: &Source, paths: &[&str]) -> Result<Source, Status> {
        let request = UpdateSourceRequest {
            source: Some(source.clone()),
            update_mask: mask(paths),
            ..Default::default()
        };
        call!(self.sources.update_source(request))
    }

    /// Sets an operator's weight on a source.
    pub async fn set_weight(
        &self,
        source: &Source,
        operator: &Operator,
        weight: i32,
    ) -> Result<OperatorWeight, Status> {
        let request = SetOperatorWeightRequest {
            source_id: source.id.clone(),
            operator_id: operator.id.clone(),
            weight: Some(weight),
            ..Default::default()
        };
        call!(self.sources.set_operator_weight(request))
    }

    /// Deletes a source.
    pub async fn delete_source(&self, source: &Source) -> Source {
        let request = DeleteSourceRequest {
            id: source.id.clone(),
            ..Default::default()
        };
        call!(self.sources.delete_source(request)).unwrap()
    }
}
