//! What is submitted to be written, and what it is answered: data only.

use crate::{
    actor::Actor,
    contacts::store::{Contact, ContactStatus},
    dispatch::RosterEntry,
    ids::{ContactId, LeadId, OperatorId, SourceId},
    leads::{self, store::Lead},
    platform::idempotency::CallerKey,
};

/// Something to write.
#[derive(Debug)]
pub struct Write {
    /// Who does it.
    pub actor: Actor,
    /// What they do.
    pub plan: Plan,
}

/// What is to be done.
#[derive(Debug)]
pub enum Plan {
    /// A contact is taken in.
    Create(NewContact),
    /// A contact is changed in a way that moves load.
    Change(Change),
}

impl Write {
    /// Its idempotency key, if it may be repeated.
    pub fn key(&self) -> Option<&CallerKey> {
        match &self.plan {
            Plan::Create(new) => new.once.as_ref().map(|once| &once.key),
            Plan::Change(change) => change.once.as_ref().map(|once| &once.key),
        }
    }
}

/// One of a batch.
#[derive(Debug)]
pub struct Item<'a, T> {
    /// Its index in the batch.
    pub index: usize,
    /// Who does it.
    pub actor: &'a Actor,
    /// What they do.
    pub plan: &'a T,
}

/// A contact to take in, checked and normalised.
#[derive(Debug)]
pub struct NewContact {
    /// How it is told from a repetition, if it may be repeated.
    pub once: Option<Once<Created>>,
    /// The source it comes through.
    pub source: SourceRef,
    /// Who asks.
    pub lead: leads::LeadIdentity,
    /// What they wrote.
    pub message: String,
}

/// How a source is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceRef {
    /// By id.
    Id(SourceId),
    /// By code.
    Code(String),
}

/// A change of a contact, checked.
#[derive(Debug)]
pub struct Change {
    /// How it is told from a repetition, if it may be repeated.
    pub once: Option<Once<Contact>>,
    /// The contact.
    pub id: ContactId,
    /// Whether a limit may be passed, or an inactive operator be given it.
    pub force: bool,
    /// What it is to lead to.
    pub target: Target,
}

/// What a change is to lead to.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// This status.
    Status(ContactStatus),
    /// This operator; another one, by a draw, if none is named.
    Operator(Option<OperatorId>),
    /// No operator.
    Backlog,
}

/// What is done once, however often it is submitted: the first answer is kept, in the
/// submitter's encoding, and given again.
#[derive(Debug)]
pub struct Once<T> {
    /// Whoever has the same key is the same.
    pub key: CallerKey,
    /// How the answer is encoded.
    pub encode: fn(&T) -> Vec<u8>,
}

/// A contact that was taken in.
#[derive(Debug, Clone)]
pub struct Created {
    /// The contact.
    pub contact: Contact,
    /// Its lead, as it is after the batch.
    pub lead: Lead,
    /// Who has it, right after.
    pub operator: Option<RosterEntry>,
    /// Whether the lead was not known before.
    pub lead_created: bool,
    /// Other leads that its identifiers point at.
    pub conflicting_lead_ids: Vec<LeadId>,
}

/// What a write is answered.
#[derive(Debug)]
pub enum Answer {
    /// The contact that was taken in.
    Created(Box<Created>),
    /// The contact that was changed.
    Changed(Box<Contact>),
    /// What the same was answered before, encoded.
    Replay(Vec<u8>),
}
