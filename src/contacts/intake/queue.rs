//! Groups the contacts of an organization that arrive while a group is being
//! taken in: they are the next group. No timer and no waiting when idle: a lone
//! contact is a group of one. Nobody's contact is dropped once it is queued.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::future::join_all;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Answer, NewContact, isolate};
use crate::{
    context::Context,
    error::{Error, Result},
};

/// Most contacts in a group: one transaction.
pub const MAX_GROUP: usize = 256;
/// Most contacts of an organization that may wait.
const MAX_WAITING: usize = 4096;

/// The contacts that wait, by organization. An organization is listed as long
/// as somebody takes in its contacts.
#[derive(Default)]
pub struct IntakeQueues(Mutex<HashMap<Uuid, VecDeque<Waiting>>>);

struct Waiting {
    contact: NewContact,
    answer: oneshot::Sender<Answer>,
}

impl IntakeQueues {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, VecDeque<Waiting>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues contacts, all or none. True if nobody is taking them in yet.
    fn push(&self, organization_id: Uuid, contacts: Vec<Waiting>) -> Result<bool> {
        match self.lock().entry(organization_id) {
            Entry::Vacant(entry) => {
                entry.insert(contacts.into());
                Ok(true)
            }
            Entry::Occupied(mut entry) => {
                let queue = entry.get_mut();
                if queue.len() + contacts.len() > MAX_WAITING {
                    return Err(Error::Overloaded);
                }
                queue.extend(contacts);
                Ok(false)
            }
        }
    }

    /// The next group; none, and the organization is not listed any more, if
    /// nobody waits.
    fn pop(&self, organization_id: Uuid) -> Option<Vec<Waiting>> {
        let mut queues = self.lock();
        let queue = queues.get_mut(&organization_id)?;
        if queue.is_empty() {
            queues.remove(&organization_id);
            return None;
        }
        Some(queue.drain(..queue.len().min(MAX_GROUP)).collect())
    }
}

/// Takes contacts in, together with others; one answer each, in their order.
pub async fn take_in(context: &Context, contacts: Vec<NewContact>) -> Result<Vec<Answer>> {
    let (waiting, answers): (Vec<_>, Vec<_>) = contacts
        .into_iter()
        .map(|contact| {
            let (answer, receiver) = oneshot::channel();
            (Waiting { contact, answer }, receiver)
        })
        .unzip();
    if context.intake().push(context.organization_id, waiting)? {
        tokio::spawn(work(context.clone()));
    }
    let answers = join_all(answers).await.into_iter();
    let lost = |error: oneshot::error::RecvError| Err(Error::internal(error.to_string()));
    Ok(answers.map(|answer| answer.unwrap_or_else(lost)).collect())
}

/// Takes in one group after the other until nobody waits.
async fn work(context: Context) {
    while let Some(group) = context.intake().pop(context.organization_id) {
        // In a task of its own: a panic must not end the work for good.
        let group = tokio::spawn(work_on(context.clone(), group));
        if let Err(error) = group.await {
            tracing::error!(%error, "a group of contacts was lost");
        }
    }
}

async fn work_on(context: Context, group: Vec<Waiting>) {
    let (contacts, answers): (Vec<_>, Vec<_>) = group
        .into_iter()
        .map(|waiting| (waiting.contact, waiting.answer))
        .unzip();
    let results = isolate::create_contacts(&context, contacts).await;
    for (answer, result) in answers.into_iter().zip(results) {
        // Whoever does not listen any more has given up.
        let _ = answer.send(result);
    }
}
