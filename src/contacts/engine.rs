//! What takes contacts in, changes and reads them for whoever has the right to: calls and
//! background work alike.

use std::sync::Arc;

use super::{
    batch::{
        Env,
        plan::{Answer, Change, Created, NewContact, Plan, Target, Write},
    },
    get::GetContact,
    store::Contact,
};
use crate::{
    actor::{Actor, Grant},
    error::{Error, Reason, Result},
    ids::ContactId,
    platform::{
        batch::{Batcher, MAX_BATCH},
        db::Db,
    },
    statistics::DirtyOrganizations,
};

/// Contacts, by the batch.
#[derive(Clone)]
pub struct Contacts {
    writer: Batcher<Write>,
    reader: Batcher<GetContact>,
}

/// The outcome of what is done once.
#[derive(Debug)]
pub enum Done<T> {
    /// It is done now.
    Now(T),
    /// It was done before: what was answered then, as the submitter has encoded it.
    Before(Vec<u8>),
}

impl Contacts {
    /// Writes by one database and reads by another, each with so many connections. What
    /// changes counts is told to `dirty`.
    pub fn new(
        (writes, write_connections): (Db, usize),
        (reads, read_connections): (Db, usize),
        dirty: Arc<DirtyOrganizations>,
    ) -> Self {
        Self {
            writer: Batcher::new(Env::new(writes, dirty), write_connections),
            reader: Batcher::new(reads, read_connections),
        }
    }

    /// Takes a contact in, together with others.
    pub async fn create(&self, actor: &Actor, contact: NewContact) -> Result<Done<Created>> {
        created(self.submit_one(actor, Plan::Create(contact)).await?)
    }

    /// Takes contacts in, `MAX_BATCH` of them at most, together with others; one answer
    /// each, in their order.
    pub async fn create_all(
        &self,
        actor: &Actor,
        contacts: Vec<NewContact>,
    ) -> Result<Vec<Result<Done<Created>>>> {
        let plans = contacts.into_iter().map(Plan::Create);
        let answers = self.submit(actor, plans).await?.into_iter();
        Ok(answers.map(|answer| answer.and_then(created)).collect())
    }

    /// Changes a contact, together with others. `force` is not for those who may change
    /// their own contacts only.
    pub async fn change(&self, actor: &Actor, change: Change) -> Result<Done<Contact>> {
        if change.force && actor.grant != Grant::All {
            return Err(Error::Denied(Reason::RoleDenied));
        }
        match self.submit_one(actor, Plan::Change(change)).await? {
            Answer::Changed(contact) => Ok(Done::Now(*contact)),
            Answer::Replay(answer) => Ok(Done::Before(answer)),
            Answer::Created(_) => Err(Error::internal("a new contact for an answer")),
        }
    }

    /// Gives contacts of operators who are not active any more to others, by a draw each.
    /// Those that nobody can take are in the backlog then; what is closed meanwhile is left
    /// alone.
    pub async fn redraw_all(&self, actor: &Actor, ids: &[ContactId]) -> Result<()> {
        for ids in ids.chunks(MAX_BATCH) {
            let draws = ids.iter().map(|&id| {
                Plan::Change(Change {
                    once: None,
                    id,
                    force: false,
                    target: Target::Operator(None),
                })
            });
            self.submit(actor, draws).await?;
        }
        Ok(())
    }

    /// Reads a contact, together with others.
    pub async fn get(&self, actor: &Actor, id: ContactId) -> Result<Contact> {
        let (organization_id, deadline) = (actor.organization_id, actor.deadline);
        let asked = GetContact { id };
        self.reader
            .submit_one(organization_id, deadline, asked)
            .await
    }

    async fn submit(
        &self,
        actor: &Actor,
        plans: impl Iterator<Item = Plan>,
    ) -> Result<Vec<Result<Answer>>> {
        let actor = *actor;
        let writes = plans.map(|plan| Write { actor, plan }).collect();
        self.writer
            .submit(actor.organization_id, actor.deadline, writes)
            .await
    }

    async fn submit_one(&self, actor: &Actor, plan: Plan) -> Result<Answer> {
        let actor = *actor;
        self.writer
            .submit_one(actor.organization_id, actor.deadline, Write { actor, plan })
            .await
    }
}

fn created(answer: Answer) -> Result<Done<Created>> {
    match answer {
        Answer::Created(created) => Ok(Done::Now(*created)),
        Answer::Replay(answer) => Ok(Done::Before(answer)),
        Answer::Changed(_) => Err(Error::internal("a change for an answer")),
    }
}
