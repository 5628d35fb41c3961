//! Callers who retry until they are answered.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use minicrm::proto::{
    CreateContactRequest, GetContactRequest, GetOverviewRequest,
    contact_service_client::ContactServiceClient,
};
use tokio::{task::JoinSet, time::sleep};

use super::binary::channel;
use crate::support::{App, external, request_id, until, within};

/// Callers who retry until they are answered, each request with its own id.
pub struct Load {
    clients: JoinSet<HashMap<String, String>>,
    acknowledged: Arc<AtomicUsize>,
}

const CLIENTS: usize = 16;
const REQUESTS: usize = 100;

impl Load {
    /// Lets every client send its requests, one after the other.
    pub fn start(address: SocketAddr, request: &CreateContactRequest) -> Self {
        let mut clients = JoinSet::new();
        let acknowledged = Arc::new(AtomicUsize::new(0));
        for client in 0..CLIENTS {
            let (request, acknowledged) = (request.clone(), Arc::clone(&acknowledged));
            let mut contacts = ContactServiceClient::new(channel(address));
            clients.spawn(async move {
                let mut answered = HashMap::new();
                for number in 0..REQUESTS {
                    let id = request_id();
                    let lead = Some(external(client * REQUESTS + number));
                    let request = CreateContactRequest {
                        request_id: id.clone(),
                        lead,
                        ..request.clone()
                    };
                    let contact = loop {
                        // Whatever the failure was: it may have happened.
                        match contacts.create_contact(request.clone()).await {
                            Ok(answer) => break answer.into_inner().contact.unwrap().id,
                            Err(_) => sleep(Duration::from_millis(10)).await,
                        }
                    };
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    answered.insert(id, contact);
                }
                answered
            });
        }
        Self {
            clients,
            acknowledged,
        }
    }

    /// Waits until this many requests have been answered.
    pub async fn until_acknowledged(&self, acknowledged: usize) {
        until("so many are acknowledged", async || {
            self.acknowledged.load(Ordering::SeqCst) >= acknowledged
        })
        .await;
    }

    /// Waits for all answers, then looks for every contact they told of.
    pub async fn verify(self, app: &App) {
        let answers = within("all answers", self.clients.join_all()).await;
        let answered: Vec<_> = answers.into_iter().flatten().collect();
        let mut contacts = ContactServiceClient::new(app.channel.clone());
        for (_, id) in &answered {
            contacts
                .get_contact(GetContactRequest { id: id.clone() })
                .await
                .unwrap();
        }
        let mut ids: Vec<_> = answered.iter().map(|(_, contact)| contact).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), CLIENTS * REQUESTS);
        let request = GetOverviewRequest::default();
        let overview = app
            .analytics
            .clone()
            .get_overview(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            overview.contacts,
            i64::try_from(CLIENTS * REQUESTS).unwrap()
        );
        app.assert_invariants().await;
    }
}
