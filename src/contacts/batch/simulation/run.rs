//! Runs a history: each event in the world and in the model, and compares the two.

use std::{collections::BTreeSet, fmt::Debug};

use super::{
    super::plan::{Answer, Change, NewContact, Plan, SourceRef, Target, Write},
    event::{Act, Event},
    model::{Fact, Model},
    world::{SOURCES, World, actor},
};
use crate::{
    contacts::store::ContactStatus,
    ids::{ContactId, OperatorId},
    leads,
};

/// Why a history is not as it must be.
pub type Breach = String;

pub struct Run {
    pub world: World,
    pub model: Model,
    pub seen: Seen,
}

/// What has come of acts, by a word each: to know that histories reach every corner.
pub type Seen = BTreeSet<String>;

/// Refuses what does not hold.
macro_rules! hold {
    ($holds:expr, $($said:tt)+) => {
        if !$holds {
            return Err(format!($($said)+));
        }
    };
}
pub(super) use hold;

impl Run {
    pub fn new(seed: u64) -> Self {
        Self {
            world: World::new(seed),
            model: Model::default(),
            seen: Seen::new(),
        }
    }

    /// All of a history: what came of it. The breach says at which event.
    pub fn all(seed: u64, history: &[Event]) -> Result<Seen, Breach> {
        let mut run = Self::new(seed);
        for (number, event) in history.iter().enumerate() {
            run.step(event)
                .and_then(|()| run.compare())
                .map_err(|breach| format!("event {number}, {event:?}: {breach}"))?;
        }
        Ok(run.seen)
    }

    pub fn saw(&mut self, word: impl Debug) {
        self.seen.insert(format!("{word:?}"));
    }

    fn step(&mut self, event: &Event) -> Result<(), Breach> {
        let operators = self.world.operators.len();
        let index = |number: usize| number.checked_rem(operators);
        match *event {
            Event::Wait(seconds) => self.world.time += chrono::TimeDelta::seconds(seconds),
            Event::Batch(ref acts) => return self.batch(acts),
            Event::AddOperator => {
                self.world.add_operator();
            }
            Event::SetLimits(number, load_limit, window_limit, window_seconds) => {
                let Some(index) = index(number) else {
                    return Ok(());
                };
                let operator = &mut self.world.operators[index];
                operator.load_limit = load_limit;
                operator.window_limit = window_limit;
                operator.window_seconds = window_seconds;
                let (operator, limits) = (operator.id, (load_limit, window_limit, window_seconds));
                self.note(Fact::Limited { operator, limits });
            }
            Event::SetActive(number, active) => {
                let Some(index) = index(number) else {
                    return Ok(());
                };
                let operator = &mut self.world.operators[index];
                if operator.delete_time.is_none() {
                    operator.active = active;
                    let operator = operator.id;
                    self.note(Fact::Active { operator, active });
                }
            }
            Event::DeleteOperator(number) => {
                let Some(index) = index(number) else {
                    return Ok(());
                };
                let operator = self.world.operators[index].id;
                self.world.delete(index);
                for (contact, state) in self.model.contacts() {
                    if state.active && state.operator == Some(operator) {
                        self.note(Fact::Taken { contact });
                    }
                }
                self.note(Fact::Deleted { operator });
            }
            Event::SetWeight(source, number, weight) => {
                let Some(index) = index(number) else {
                    return Ok(());
                };
                let (source, operator) = (source % SOURCES, &self.world.operators[index]);
                if operator.delete_time.is_none() {
                    let operator = operator.id;
                    self.world.weights.remove(&(source, operator));
                    let weights = weight.map(|weight| ((source, operator), weight));
                    self.world.weights.extend(weights);
                    self.note(Fact::Weighted {
                        source,
                        operator,
                        weight,
                    });
                }
            }
            Event::SetStrategy(source, how) => {
                let source = source % SOURCES;
                self.world.strategies[source] = how;
                self.note(Fact::Chooses { source, how });
            }
        }
        Ok(())
    }

    pub fn note(&mut self, fact: Fact) {
        self.model.add(self.world.time, fact);
    }

    /// A transaction, and whether it came out as the model says, act by act.
    fn batch(&mut self, acts: &[Act]) -> Result<(), Breach> {
        let acts: Vec<_> = acts.iter().filter_map(|act| self.resolve(*act)).collect();
        let writes: Vec<_> = acts.iter().map(write).collect();
        let committed = self.world.submit(&writes);
        let mut changes = committed.changes.iter();
        let mut intake = committed.intake.iter();
        let outcomes = acts.iter().zip(&committed.answers);
        let (new, old): (Vec<_>, Vec<_>) =
            outcomes.partition(|(act, _)| matches!(act, Resolved::Arrive { .. }));
        for (act, answer) in old {
            let before = changes.as_slice().len();
            let expected = self.change(act, changes.as_slice().first());
            let (happens, decides) = expected.map_err(|breach| format!("{act:?}: {breach}"))?;
            if let Err(error) = answer {
                let word = format!("{error:?}");
                self.saw(word.split([' ', '(']).next());
            }
            hold!(
                answer.is_ok() == happens,
                "{act:?} is answered {answer:?}, and should be done: {happens}"
            );
            if decides {
                hold!(before > 0, "{act:?}: no decision");
                changes.next();
            }
        }
        hold!(
            changes.len() == 0,
            "decisions nobody asked for: {changes:?}"
        );
        for (act, answer) in new {
            let Resolved::Arrive { source } = *act else {
                continue;
            };
            let Ok(Answer::Created(created)) = answer else {
                return Err(format!("{act:?} is answered {answer:?}"));
            };
            let decision = intake.next();
            let decision = decision.ok_or_else(|| format!("{act:?}: no decision"))?;
            let contact = created.contact.id;
            hold!(decision.contact_id == contact, "the decision about another");
            self.note(Fact::Arrived { contact, source });
            self.chosen(source, None, decision)
                .map_err(|breach| format!("{act:?}: {breach}"))?;
        }
        Ok(())
    }

    fn resolve(&self, act: Act) -> Option<Resolved> {
        let contact = |number: usize| {
            let contacts = &self.world.contacts;
            Some(
                contacts
                    .iter()
                    .nth_back(number.checked_rem(contacts.len())?)?
                    .id,
            )
        };
        let operator = |number: usize| {
            let operators = &self.world.operators;
            Some(operators[number.checked_rem(operators.len())?].id)
        };
        Some(match act {
            Act::Arrive(source) => Resolved::Arrive {
                source: source % SOURCES,
            },
            Act::Close(number) => Resolved::Close(contact(number)?),
            Act::Begin(number, force) => Resolved::Begin(contact(number)?, force),
            Act::Reassign(number) => Resolved::Reassign(contact(number)?),
            Act::Give(number, to, force) => Resolved::Give(contact(number)?, operator(to)?, force),
            Act::TakeBack(number) => Resolved::TakeBack(contact(number)?),
        })
    }

    /// Whether the world is where the model is (I5 among it).
    fn compare(&self) -> Result<(), Breach> {
        let states = self.model.contacts();
        hold!(
            states.len() == self.world.contacts.len(),
            "another number of contacts"
        );
        for contact in &self.world.contacts {
            let state = states[&contact.id];
            let (operator, active) = (contact.operator_id, contact.status.is_active());
            hold!(
                (operator, active) == (state.operator, state.active),
                "{contact:?} should be {state:?}"
            );
        }
        for operator in &self.world.operators {
            let (id, load) = (operator.id, self.model.load(operator.id));
            let rows = self.world.active_contacts(id);
            hold!(
                operator.load == load && usize::try_from(load) == Ok(rows),
                "I5: load of {id} is {}, should be {load}, active contacts are {rows}",
                operator.load
            );
        }
        Ok(())
    }
}

/// An act, with what it is about.
#[derive(Debug, Clone, Copy)]
pub enum Resolved {
    Arrive { source: usize },
    Close(ContactId),
    Begin(ContactId, bool),
    Reassign(ContactId),
    Give(ContactId, OperatorId, bool),
    TakeBack(ContactId),
}

fn write(act: &Resolved) -> Write {
    let (id, target, force) = match *act {
        Resolved::Arrive { source } => {
            let lead = leads::LeadIdentity {
                external_id: None,
                phone: None,
                email: None,
                name: String::new(),
            };
            return Write {
                actor: actor(),
                plan: Plan::Create(NewContact {
                    once: None,
                    source: SourceRef::Id(World::source(source)),
                    lead,
                    message: String::new(),
                }),
            };
        }
        Resolved::Close(id) => (id, Target::Status(ContactStatus::Closed), false),
        Resolved::Begin(id, force) => (id, Target::Status(ContactStatus::InProgress), force),
        Resolved::Reassign(id) => (id, Target::Operator(None), false),
        Resolved::Give(id, to, force) => (id, Target::Operator(Some(to)), force),
        Resolved::TakeBack(id) => (id, Target::Backlog, false),
    };
    Write {
        actor: actor(),
        plan: Plan::Change(Change {
            once: None,
            id,
            force,
            target,
        }),
    }
}
