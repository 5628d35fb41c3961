//! What a batch comes to, as it is decided.

use super::plan::{Answer, Change, Created, NewContact, Once, Write};
use crate::{
    actor::Author,
    contacts::store::Contact,
    error::{Error, Result},
    model,
    platform::{
        batch::all_answers,
        idempotency::{self, Replay, Slot},
    },
};

/// The answers of a batch, and what is written of them.
pub struct Outcome<'a> {
    /// The answer to each, as far as it is known.
    answers: Vec<Option<Result<Answer>>>,
    /// Where the answer to each is to be kept, if it is.
    slots: Vec<Option<Slot>>,
    pub kept: Vec<idempotency::Answer<'a>>,
    /// Who does what, as it is recorded.
    pub events: Vec<(Author, model::Change)>,
}

impl<'a> Outcome<'a> {
    /// Of a batch whose keys, in their order, turned out so: what was done before has its
    /// answer.
    pub fn of(batch: &[&Write], replays: Vec<Replay>) -> Self {
        let mut replays = replays.into_iter();
        let (answers, slots) = batch
            .iter()
            .map(|write| match write.key().and_then(|_| replays.next()) {
                None => (None, None),
                Some(Replay::None(slot)) => (None, Some(slot)),
                Some(Replay::Answer(answer)) => (Some(Ok(Answer::Replay(answer))), None),
                Some(Replay::Mismatch) => (Some(Err(Error::RequestIdReused)), None),
            })
            .unzip();
        Self {
            answers,
            slots,
            kept: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Whether it is still to be done.
    pub fn is_open(&self, index: usize) -> bool {
        self.answers[index].is_none()
    }

    /// It is taken in.
    pub fn created(&mut self, index: usize, new: &'a NewContact, created: Created) {
        self.keep(index, new.once.as_ref(), &created);
        self.answers[index] = Some(Ok(Answer::Created(Box::new(created))));
    }

    /// It is changed.
    pub fn changed(&mut self, index: usize, change: &'a Change, contact: Contact) {
        self.keep(index, change.once.as_ref(), &contact);
        self.answers[index] = Some(Ok(Answer::Changed(Box::new(contact))));
    }

    fn keep<T>(&mut self, index: usize, once: Option<&'a Once<T>>, answer: &T) {
        if let (Some(once), Some(slot)) = (once, self.slots[index]) {
            self.kept.push(idempotency::Answer {
                key: &once.key,
                slot,
                response: (once.encode)(answer),
            });
        }
    }

    /// It cannot be done.
    pub fn refuse(&mut self, index: usize, error: Error) {
        self.answers[index] = Some(Err(error));
    }

    /// One answer each.
    pub fn answers(self) -> Vec<Result<Answer>> {
        all_answers(self.answers)
    }
}
