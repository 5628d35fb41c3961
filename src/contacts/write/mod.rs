//! What is written in groups: contacts to take in, and changes that move load. Both
//! need the rows of the same operators, so they are done together:
//! `grouped::run` makes groups of what arrives at the same time, and
//! `group::write_all` is the transaction that does a group.

mod group;

use futures_util::FutureExt;
use prost::Message;

use super::{change::Change, intake::NewContact};
use crate::{
    audit::Event,
    call::Context,
    error::{Error, Result},
    platform::{
        batch::{self, Job, Queues},
        idempotency::{Answer, Claimed, Owned, Place, decode},
    },
    proto::{self, CreateContactResponse},
};

/// Something to write.
#[derive(Debug)]
pub enum Write {
    /// A contact to take in.
    New(NewContact),
    /// A change of a contact.
    Change(Change),
}

impl Write {
    /// What it was answered before.
    fn replayed(&self, answer: &[u8]) -> Result<Written> {
        Ok(match self {
            Self::New(_) => Written::New(Box::new(decode(answer)?)),
            Self::Change(_) => Written::Change(Box::new(decode(answer)?)),
        })
    }
}

/// What it is answered.
#[derive(Debug)]
pub enum Written {
    /// The contact that was taken in.
    New(Box<CreateContactResponse>),
    /// The contact that was changed.
    Change(Box<proto::Contact>),
}

impl Job for Write {
    type Answer = Written;

    const QUEUE: &'static str = "writes";

    fn queues(context: &Context) -> &Queues<Self> {
        context.writes()
    }

    fn claim(&self) -> Option<&Owned> {
        match self {
            Self::New(new) => new.claim.as_ref(),
            Self::Change(change) => change.claim.as_ref(),
        }
    }

    async fn transact(context: &Context, group: &[&Self]) -> Result<Vec<Result<Written>>> {
        let (organization_id, pools) = (context.organization_id, context.known_pools());
        context
            .grouped_db()
            .transaction(context.scope(), async |transaction| {
                group::write_all(transaction, organization_id, pools, group).await
            })
            .inspect(|_| context.counted())
            .await
    }
}

/// Takes a contact in, together with others.
pub async fn take_in(context: &Context, contact: NewContact) -> Result<CreateContactResponse> {
    response(batch::run_one(context, Write::New(contact)).await?)
}

/// Takes contacts in, together with others; one answer each, in their order.
pub async fn take_in_all(
    context: &Context,
    contacts: Vec<NewContact>,
) -> Result<Vec<Result<CreateContactResponse>>> {
    let contacts = contacts.into_iter().map(Write::New).collect();
    let answers = batch::run(context, contacts).await?.into_iter();
    Ok(answers.map(|answer| answer.and_then(response)).collect())
}

fn response(written: Written) -> Result<CreateContactResponse> {
    match written {
        Written::New(response) => Ok(*response),
        Written::Change(_) => Err(Error::internal("a change for an answer")),
    }
}

/// Changes a contact, together with others.
pub async fn change(context: &Context, change: Change) -> Result<proto::Contact> {
    match batch::run_one(context, Write::Change(change)).await? {
        Written::Change(contact) => Ok(*contact),
        Written::New(_) => Err(Error::internal("a new contact for an answer")),
    }
}

/// Changes contacts, together with others. What cannot be changed stays.
pub async fn change_all(context: &Context, changes: Vec<Change>) -> Result<()> {
    let changes = changes.into_iter().map(Write::Change).collect();
    batch::run(context, changes).await?;
    Ok(())
}

/// What a group comes to, as it is decided.
pub struct Outcome<'a> {
    group: &'a [&'a Write],
    /// The answer to each, as far as it is known.
    answers: Vec<Option<Result<Written>>>,
    /// Where the answer to each is to be kept, if it is.
    places: Vec<Option<Place>>,
    /// The answers to keep.
    kept: Vec<Answer<'a>>,
    /// Who does what.
    pub events: Vec<Event>,
}

impl<'a> Outcome<'a> {
    /// Of a group whose claims turned out so: what was done before has its answer.
    fn replay(group: &'a [&'a Write], claimed: Vec<Claimed>) -> Self {
        let mut claimed = claimed.into_iter();
        let (answers, places) = group
            .iter()
            .map(|write| match write.claim().and_then(|_| claimed.next()) {
                None => (None, None),
                Some(Claimed::Fresh(place)) => (None, Some(place)),
                Some(Claimed::Replay(answer)) => (Some(write.replayed(&answer)), None),
                Some(Claimed::Reused) => (Some(Err(Error::RequestIdReused)), None),
            })
            .unzip();
        Self {
            group,
            answers,
            places,
            kept: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Whether it is still to be done.
    fn is_open(&self, place: usize) -> bool {
        self.answers[place].is_none()
    }

    /// It is done.
    pub fn done(&mut self, index: usize, written: Written) {
        if let (Some(owned), Some(place)) = (self.group[index].claim(), self.places[index]) {
            let response = match &written {
                Written::New(response) => response.encode_to_vec(),
                Written::Change(contact) => contact.encode_to_vec(),
            };
            self.kept.push(Answer {
                owned,
                place,
                response,
            });
        }
        self.answers[index] = Some(Ok(written));
    }

    /// It cannot be done.
    pub fn refuse(&mut self, place: usize, error: Error) {
        self.answers[place] = Some(Err(error));
    }
}
