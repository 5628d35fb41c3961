//! A deterministic simulation of dispatch: the engine as it is, without a database and without
//! a clock, in random histories that a seed makes.
//!
//! - [`event`]: what can happen (`Event`, `Act`), and how a history is made up from a seed.
//! - [`world`]: the tables in memory, a clock that only events move; it calls the engine as a
//!   transaction does (`batch::decide` between what `load` reads and `store` writes).
//! - [`model`]: the naive model, a list of facts that is counted from the beginning each time.
//! - [`rules`]: what must come of an act by the model: I1 (no limit is passed), I2 (nobody waits
//!   while somebody has room), and that what is recorded of a choice is true and replays.
//! - [`run`]: event after event in both, and whether they agree (I5: loads) after each.
//! - [`shares`]: I3, shares among those really free, by chi-square.
//!
//! To extend it (queues, priorities, offers): a variant of `Event` or `Act` with its weight in
//! `event`, what the tables do of it in `world`, its `Fact`s in `model`, its law in `rules`.
//!
//! A history that fails is made as short as can be, and printed with its seed:
//!
//! ```text
//! MINICRM_SIM_SEED=17 cargo test --lib simulation            # that one again
//! MINICRM_SIM_HISTORIES=100000 cargo test --lib simulation   # so many, from that seed or from 0
//! ```
//!
//! Mutants that it finds, each seen to fail:
//! - a limit of the load or of the window is off by one (`dispatch/eligibility.rs`);
//! - a window counts by the time contacts were created, not given (`World::window_load`, as the
//!   statement does), what is assigned does not count in it, or what is reopened does (`Roster`);
//! - the load is not released when a contact is closed, on the roster (`decide/status.rs`) or in
//!   the row (`store::loads`);
//! - the pools of a roster are not dropped when somebody runs full, or has room again, or is full
//!   for another reason (`Roster::change`);
//! - a weight of 0, or whom the contact is taken from, can be chosen (`eligibility`);
//! - a contact stays with somebody who is not active (`Roster::decide`);
//! - the strategy of the source is ignored (`Roster::strategy`);
//! - other shares or other evidence than those of the choice are recorded (`weighted_random`);
//! - weights are ignored (`pick`; seen by chi-square alone).

mod event;
mod model;
mod rules;
mod run;
mod shares;
mod world;

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use self::{
    event::{Event, history},
    run::{Breach, Run, Seen},
};

/// How many histories there are if nobody says otherwise, and how long they are.
const HISTORIES: u64 = 2000;
const EVENTS: usize = 30;

/// What must have come of some act in some history.
const EVERYTHING: [&str; 23] = [
    "(WeightedRandom, Automatic)",
    "(LeastLoaded, Automatic)",
    "(WeightedRandom, Reassigned)",
    "(LeastLoaded, Reassigned)",
    "(Manual, None)",
    "(Manual, Some(Inactive))",
    "(Manual, Some(Load))",
    "(Manual, Some(Window))",
    "Kept",
    "NoOperators",
    "AllInactive",
    "AllAtLimit",
    "Paused",
    "Inactive",
    "AtLoadLimit",
    "AtWindowLimit",
    "CurrentOperator",
    "(\"reopened\", false, false)",
    "(\"reopened\", true, false)",
    "(\"reopened\", true, true)",
    "Some(\"OperatorFull\")",
    "Some(\"Precondition\")",
    "Some(\"NotFound\")",
];

#[test]
fn no_history_breaks_an_invariant() {
    let first = setting("MINICRM_SIM_SEED");
    let histories = setting("MINICRM_SIM_HISTORIES");
    let histories = histories.unwrap_or(if first.is_some() { 1 } else { HISTORIES });
    let first = first.unwrap_or(0);
    let (next, reached) = (AtomicU64::new(first), Mutex::new(Seen::new()));
    let search = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + histories {
                return None;
            }
            let events = history(seed, EVENTS);
            match run(seed, &events) {
                Ok(more) => reached.lock().unwrap().extend(more),
                Err(_) => return Some((seed, events)),
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let failed = thread::scope(|scope| {
        let searches: Vec<_> = (0..threads).map(|_| scope.spawn(search)).collect();
        let found = searches.into_iter().filter_map(|each| each.join().unwrap());
        found.min_by_key(|(seed, _)| *seed)
    });
    if let Some((seed, events)) = failed {
        let events = shortened(seed, events);
        let breach = run(seed, &events).expect_err("it fails");
        panic!(
            "{breach}\n\nwhen {} events happen: {events:#?}\n\n\
             MINICRM_SIM_SEED={seed} cargo test --lib simulation",
            events.len()
        );
    }
    let reached = reached.into_inner().unwrap();
    let missing: Vec<_> = EVERYTHING
        .iter()
        .filter(|word| !reached.contains(**word))
        .collect();
    assert!(
        histories < HISTORIES || missing.is_empty(),
        "no history has {missing:?}, all have {reached:#?}"
    );
}

#[expect(clippy::disallowed_methods, reason = "not a setting of the service")]
fn setting(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// Runs a history; a panic is a breach, too.
fn run(seed: u64, events: &[Event]) -> Result<Seen, Breach> {
    catch_unwind(AssertUnwindSafe(|| Run::all(seed, events)))
        .unwrap_or_else(|_| Err("panics".to_owned()))
}

/// Leaves out what need not happen for the history to fail: events, and acts of batches.
fn shortened(seed: u64, mut events: Vec<Event>) -> Vec<Event> {
    loop {
        let before = events.len();
        for index in (0..events.len()).rev() {
            let mut fewer = events.clone();
            fewer.remove(index);
            if run(seed, &fewer).is_err() {
                events = fewer;
            }
        }
        for index in 0..events.len() {
            let Event::Batch(acts) = events[index].clone() else {
                continue;
            };
            for act in (0..acts.len()).rev() {
                let mut fewer = events.clone();
                if let Event::Batch(acts) = &mut fewer[index] {
                    acts.remove(act);
                }
                if run(seed, &fewer).is_err() {
                    events = fewer;
                }
            }
        }
        if events.len() == before {
            return events;
        }
    }
}
