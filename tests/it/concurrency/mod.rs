//! What holds under any concurrency, through one server and through two on one
//! database. Each test names the mutants it was seen to catch.

mod acknowledged;
mod exactly_once;
mod folding;
mod limits;
mod loads;
mod mixed;
mod queue;
mod shares;
mod statistics;

use minicrm::proto::{Contact, CreateContactRequest, CreateContactResponse, Source};
use tokio::task::JoinSet;

use crate::support::{App, contact, external};

/// Clients that send at once.
pub const CLIENTS: usize = 64;

/// Two servers on one database.
pub async fn two() -> Vec<App> {
    let first = App::start().await;
    let second = App::on(first.database_url.clone()).await;
    vec![first, second]
}

/// Sends requests from 64 clients at once, in turn through all servers.
pub async fn flood(
    apps: &[App],
    requests: impl IntoIterator<Item = CreateContactRequest>,
) -> Vec<CreateContactResponse> {
    let mut shares: Vec<Vec<_>> = vec![Vec::new(); CLIENTS];
    for (index, request) in requests.into_iter().enumerate() {
        shares[index % CLIENTS].push(request);
    }
    let mut clients = JoinSet::new();
    for (index, share) in shares.into_iter().enumerate() {
        let app = apps[index % apps.len()].clone();
        clients.spawn(async move {
            let mut answers = Vec::with_capacity(share.len());
            for request in share {
                answers.push(app.create_contact(request).await.unwrap());
            }
            answers
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}

/// Sends that many contacts of new leads.
pub async fn flood_of_new_leads(apps: &[App], source: &Source, count: usize) -> Vec<Contact> {
    let requests: Vec<_> = (0..count).map(|n| contact(source, external(n))).collect();
    flood(apps, requests)
        .await
        .into_iter()
        .map(|answer| answer.contact.unwrap())
        .collect()
}
