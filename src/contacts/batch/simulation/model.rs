//! The naive model: a list of all that happened, and nothing else. Whatever it is asked, it
//! counts from the beginning. It knows the rules from the design, not from the engine.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::event::How;

use crate::ids::{ContactId, OperatorId};

/// Something that has happened.
#[derive(Debug, Clone, Copy)]
pub enum Fact {
    /// A contact arrived.
    Arrived { contact: ContactId, source: usize },
    /// It was given to somebody: that counts in their window.
    Given {
        contact: ContactId,
        operator: OperatorId,
    },
    /// It is with nobody.
    Taken { contact: ContactId },
    /// It is done.
    Closed { contact: ContactId },
    /// It is being done.
    Begun { contact: ContactId },
    /// These are the limits now: of the load, of the window, and its seconds.
    Limited {
        operator: OperatorId,
        limits: (Option<i32>, Option<i32>, i32),
    },
    /// An operator works, or does not.
    Active { operator: OperatorId, active: bool },
    /// An operator is gone.
    Deleted { operator: OperatorId },
    /// This is their weight now, if any.
    Weighted {
        source: usize,
        operator: OperatorId,
        weight: Option<u32>,
    },
    /// The source chooses so.
    Chooses { source: usize, how: How },
}

/// All that happened, each with its time.
#[derive(Debug, Default)]
pub struct Model {
    pub facts: Vec<(DateTime<Utc>, Fact)>,
}

/// What a contact is: whose, and whether it is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactState {
    pub source: usize,
    pub operator: Option<OperatorId>,
    pub active: bool,
}

/// What an operator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub active: bool,
    pub deleted: bool,
    pub load_limit: Option<i32>,
    pub window_limit: Option<i32>,
    pub window_seconds: i32,
}

/// Why somebody cannot have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    Inactive,
    Load,
    Window,
}

impl Model {
    pub fn add(&mut self, time: DateTime<Utc>, fact: Fact) {
        self.facts.push((time, fact));
    }

    /// All contacts, where they are now.
    pub fn contacts(&self) -> BTreeMap<ContactId, ContactState> {
        let mut states: BTreeMap<ContactId, ContactState> = BTreeMap::new();
        for (_, fact) in &self.facts {
            let (contact, change): (_, &dyn Fn(&mut ContactState)) = match fact {
                Fact::Arrived { contact, source } => {
                    let state = ContactState {
                        source: *source,
                        operator: None,
                        active: true,
                    };
                    states.insert(*contact, state);
                    continue;
                }
                Fact::Given { contact, operator } => {
                    (contact, &|state| state.operator = Some(*operator))
                }
                Fact::Taken { contact } => (contact, &|state| state.operator = None),
                Fact::Closed { contact } => (contact, &|state| state.active = false),
                Fact::Begun { contact } => (contact, &|state| state.active = true),
                _ => continue,
            };
            states.entry(*contact).and_modify(change);
        }
        states
    }

    /// How many active contacts an operator has.
    pub fn load(&self, operator: OperatorId) -> i32 {
        let contacts = self.contacts().into_values();
        let active = contacts.filter(|state| state.active && state.operator == Some(operator));
        i32::try_from(active.count()).expect("few")
    }

    /// How many contacts they were given within their window until this time.
    pub fn given(&self, operator: OperatorId, seconds: i32, time: DateTime<Utc>) -> i32 {
        let since = time - TimeDelta::seconds(seconds.into());
        let given = self.facts.iter().filter(|(at, fact)| {
            matches!(fact, Fact::Given { operator: to, .. } if *to == operator) && *at > since
        });
        i32::try_from(given.count()).expect("few")
    }

    /// What an operator is now.
    pub fn person(&self, operator: OperatorId) -> Person {
        let mut person = Person {
            active: true,
            deleted: false,
            load_limit: None,
            window_limit: None,
            window_seconds: 60,
        };
        for (_, fact) in &self.facts {
            match *fact {
                Fact::Limited {
                    operator: whose,
                    limits,
                } if whose == operator => {
                    (
                        person.load_limit,
                        person.window_limit,
                        person.window_seconds,
                    ) = limits;
                }
                Fact::Active {
                    operator: who,
                    active,
                } if who == operator => person.active = active,
                Fact::Deleted { operator: who } if who == operator => {
                    person.deleted = true;
                    person.active = false;
                }
                _ => {}
            }
        }
        person
    }

    /// Why they cannot be given one more; with `again`, one that they had before.
    pub fn bar(&self, operator: OperatorId, time: DateTime<Utc>, again: bool) -> Option<Bar> {
        let person = self.person(operator);
        if !person.active || person.deleted {
            return Some(Bar::Inactive);
        }
        if person
            .load_limit
            .is_some_and(|limit| self.load(operator) + 1 > limit)
        {
            return Some(Bar::Load);
        }
        let given = || self.given(operator, person.window_seconds, time);
        if !again && person.window_limit.is_some_and(|limit| given() + 1 > limit) {
            return Some(Bar::Window);
        }
        None
    }

    /// The weights of a source.
    pub fn weights(&self, source: usize) -> BTreeMap<OperatorId, u32> {
        let mut weights = BTreeMap::new();
        for (_, fact) in &self.facts {
            match *fact {
                Fact::Weighted {
                    source: of,
                    operator,
                    weight,
                } if of == source => {
                    weights.remove(&operator);
                    weights.extend(weight.map(|weight| (operator, weight)));
                }
                Fact::Deleted { operator } => {
                    weights.remove(&operator);
                }
                _ => {}
            }
        }
        weights
    }

    /// How a source chooses.
    pub fn how(&self, source: usize, first: How) -> How {
        let facts = self.facts.iter().rev();
        let mut chosen = facts.filter_map(|(_, fact)| match *fact {
            Fact::Chooses { source: of, how } if of == source => Some(how),
            _ => None,
        });
        chosen.next().unwrap_or(first)
    }
}
