//! Callers who do as they are told: when they are refused they come again after the
//! time that the server names, as gRPC clients with a retry policy do.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use minicrm::proto::{
    ContactStatus, GetContactRequest, GetOverviewRequest, ListContactsRequest, Operator,
    UpdateOperatorRequest, analytics_service_client::AnalyticsServiceClient,
    contact_service_client::ContactServiceClient, operator_service_client::OperatorServiceClient,
};
use tonic::{Code, Status, transport::Channel};

use crate::{
    calls::{Client, Target, contact, new_lead, of_organization, set_status},
    cluster::id,
};

/// How many milliseconds a refused call waits until it is worth repeating.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

impl Target {
    /// Makes the same kind of call again and again, and counts those that are answered.
    fn patiently<C>(
        &self,
        client: usize,
        mut call: impl FnMut(Channel) -> C + Send + 'static,
    ) -> Client
    where
        C: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let channel = self.channel(client);
        Box::new(move || {
            let call = call(channel.clone());
            Box::pin(async move {
                let Err(status) = call.await else {
                    return true;
                };
                if status.code() == Code::DeadlineExceeded {
                    return false;
                }
                let pushback = status.metadata().get(PUSHBACK);
                let pushback = pushback.unwrap_or_else(|| panic!("{status:?}"));
                let millis = pushback.to_str().unwrap().parse().unwrap();
                tokio::time::sleep(Duration::from_millis(millis)).await;
                false
            })
        })
    }

    /// Takes in contacts of new leads through the source with this number.
    pub fn create_patiently(&self, client: usize, source: usize) -> Client {
        let shape = self.shape.clone();
        self.patiently(client, move |channel| {
            let request = contact(&shape, source, new_lead());
            async move {
                let mut contacts = ContactServiceClient::new(channel);
                contacts.create_contact(request).await.map(drop)
            }
        })
    }

    /// Lists the contacts of the organization of this source.
    pub fn list_patiently(&self, client: usize, source: usize) -> Client {
        let shape = self.shape.clone();
        self.patiently(client, move |channel| {
            let request = ListContactsRequest {
                page_size: 10,
                ..Default::default()
            };
            let request = of_organization(&shape, source, request);
            async move {
                let mut contacts = ContactServiceClient::new(channel);
                contacts.list_contacts(request).await.map(drop)
            }
        })
    }

    /// Changes operators, one of this source for each client.
    pub fn update_patiently(&self, client: usize, source: usize) -> Client {
        let shape = self.shape.clone();
        let operators = shape.operators_per_source();
        let operator = (source - 1) * operators + client % operators + 1;
        self.patiently(client, move |channel| {
            let request = UpdateOperatorRequest {
                operator: Some(Operator {
                    id: id(operator).to_string(),
                    name: "Eve".to_owned(),
                    ..Default::default()
                }),
                ..Default::default()
            };
            let request = of_organization(&shape, source, request);
            async move {
                let mut operators = OperatorServiceClient::new(channel);
                operators.update_operator(request).await.map(drop)
            }
        })
    }

    /// What a day brings: takes a contact in, reads it, closes it, lists contacts,
    /// looks at the whole.
    pub fn days(&self, client: usize) -> Client {
        let shape = self.shape.clone();
        let last = Arc::new(Mutex::new(String::new()));
        let mut turns = (0..5).cycle();
        self.patiently(client, move |channel| {
            let (shape, last) = (shape.clone(), Arc::clone(&last));
            let turn = turns.next();
            async move {
                let mut contacts = ContactServiceClient::new(channel.clone());
                let id = last.lock().unwrap().clone();
                let taken_in = !id.is_empty();
                match turn {
                    Some(1) if taken_in => {
                        let request = of_organization(&shape, 1, GetContactRequest { id });
                        contacts.get_contact(request).await.map(drop)
                    }
                    Some(2) if taken_in => {
                        let request = set_status(&shape, 1, id, ContactStatus::Closed);
                        contacts.set_contact_status(request).await.map(drop)
                    }
                    Some(3) => {
                        let request = ListContactsRequest::default();
                        let request = of_organization(&shape, 1, request);
                        contacts.list_contacts(request).await.map(drop)
                    }
                    Some(4) => {
                        let mut analytics = AnalyticsServiceClient::new(channel);
                        let request = of_organization(&shape, 1, GetOverviewRequest {});
                        analytics.get_overview(request).await.map(drop)
                    }
                    _ => {
                        let request = contact(&shape, 1, new_lead());
                        let answer = contacts.create_contact(request).await?;
                        let contact = answer.into_inner().contact.unwrap();
                        *last.lock().unwrap() = contact.id;
                        Ok(())
                    }
                }
            }
        })
    }
}
