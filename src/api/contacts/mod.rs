//! `ContactService`: its routes. A method has a file of its own, which checks the request,
//! runs it and answers; what its messages are made of is in [`convert`].

mod convert;
mod create;
mod history;
mod list;
mod reassign;
mod set_status;
mod update;
mod view;

use std::sync::Arc;

use tonic::Request;

pub use self::create::parse as parse_new_contact;
use self::{
    create::{batch_create_contacts, create_contact},
    history::list_assignments,
    list::{get_contact, list_contacts},
    reassign::reassign_contact,
    set_status::set_contact_status,
    update::update_contact,
};
use crate::{
    call::{
        Frame,
        reply::{Rpc, reply, reply_with},
    },
    contacts::Contacts,
    proto::{
        self, BatchCreateContactsRequest, BatchCreateContactsResponse, CreateContactRequest,
        CreateContactResponse, GetContactRequest, ListAssignmentsRequest, ListAssignmentsResponse,
        ListContactsRequest, ListContactsResponse, ReassignContactRequest, SetContactStatusRequest,
        UpdateContactRequest, contact_service_server::ContactService,
    },
};

/// Serves `ContactService`.
pub struct ContactRoutes {
    pub frame: Arc<Frame>,
    pub contacts: Contacts,
}

#[tonic::async_trait]
impl ContactService for ContactRoutes {
    async fn create_contact(&self, r: Request<CreateContactRequest>) -> Rpc<CreateContactResponse> {
        reply_with(&self.frame, &self.contacts, r, create_contact).await
    }

    async fn batch_create_contacts(
        &self,
        r: Request<BatchCreateContactsRequest>,
    ) -> Rpc<BatchCreateContactsResponse> {
        reply_with(&self.frame, &self.contacts, r, batch_create_contacts).await
    }

    async fn get_contact(&self, r: Request<GetContactRequest>) -> Rpc<proto::Contact> {
        reply_with(&self.frame, &self.contacts, r, get_contact).await
    }

    async fn list_contacts(&self, r: Request<ListContactsRequest>) -> Rpc<ListContactsResponse> {
        reply(&self.frame, r, list_contacts).await
    }

    async fn update_contact(&self, r: Request<UpdateContactRequest>) -> Rpc<proto::Contact> {
        reply(&self.frame, r, update_contact).await
    }

    async fn set_contact_status(&self, r: Request<SetContactStatusRequest>) -> Rpc<proto::Contact> {
        reply_with(&self.frame, &self.contacts, r, set_contact_status).await
    }

    async fn reassign_contact(&self, r: Request<ReassignContactRequest>) -> Rpc<proto::Contact> {
        reply_with(&self.frame, &self.contacts, r, reassign_contact).await
    }

    async fn list_assignments(
        &self,
        r: Request<ListAssignmentsRequest>,
    ) -> Rpc<ListAssignmentsResponse> {
        reply(&self.frame, r, list_assignments).await
    }
}
