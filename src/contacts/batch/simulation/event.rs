//! What can happen, and how a history of it is made up from a seed.
//!
//! Everything is named by number and taken modulo what there is, so that a history still makes
//! sense when events are left out of it.

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

/// Something that happens at one moment.
#[derive(Debug, Clone)]
pub enum Event {
    /// The clock goes on by so many seconds.
    Wait(i64),
    /// One transaction: the engine does all of these, changes first.
    Batch(Vec<Act>),
    /// An operator is made.
    AddOperator,
    /// Their limits are changed: of the load, of the window, and its length in seconds.
    SetLimits(usize, Option<i32>, Option<i32>, i32),
    /// They come or go.
    SetActive(usize, bool),
    /// They are deleted: what they have goes back to the backlog.
    DeleteOperator(usize),
    /// They get a weight on a source, or none.
    SetWeight(usize, usize, Option<u32>),
    /// A source gets another strategy.
    SetStrategy(usize, How),
}

/// What is asked of the engine. A contact is named by its number, newest first.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// A contact arrives through a source.
    Arrive(usize),
    /// A contact is closed.
    Close(usize),
    /// A contact is begun, or reopened; by force or not.
    Begin(usize, bool),
    /// A contact is given to another operator, by the strategy.
    Reassign(usize),
    /// A contact is given to this operator, by force or not.
    Give(usize, usize, bool),
    /// A contact is taken back to the backlog.
    TakeBack(usize),
}

/// The strategies that sources have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    WeightedRandom,
    LeastLoaded,
}

/// A history of so many events.
pub fn history(seed: u64, events: usize) -> Vec<Event> {
    let mut rng = StdRng::seed_from_u64(seed);
    // Somebody to begin with; the rest comes by chance.
    let mut history = Vec::with_capacity(events + 6);
    for number in 0..3 {
        history.push(Event::AddOperator);
        history.push(Event::SetWeight(0, number, Some(weight(&mut rng))));
    }
    history.extend((0..events).map(|_| event(&mut rng)));
    history
}

fn event(rng: &mut impl Rng) -> Event {
    match rng.random_range(0..100) {
        0..12 => Event::Wait(rng.random_range(1..40)),
        12..70 => {
            let acts = rng.random_range(1..10);
            Event::Batch((0..acts).map(|_| act(rng)).collect())
        }
        70..73 => Event::AddOperator,
        73..82 => {
            let limits = [limit(rng), limit(rng)];
            Event::SetLimits(number(rng), limits[0], limits[1], rng.random_range(1..90))
        }
        82..87 => Event::SetActive(number(rng), rng.random_range(0..3) > 0),
        87..89 => Event::DeleteOperator(number(rng)),
        89..96 => {
            let weight = (rng.random_range(0..6) > 0).then(|| weight(rng));
            Event::SetWeight(number(rng), number(rng), weight)
        }
        _ => {
            let how = [How::WeightedRandom, How::LeastLoaded];
            Event::SetStrategy(number(rng), how[rng.random_range(0..2)])
        }
    }
}

fn act(rng: &mut impl Rng) -> Act {
    // Mostly one of the last few: they are open, and meet again in the same batch.
    let contact = match rng.random_range(0..4) {
        0 => number(rng),
        _ => rng.random_range(0..6),
    };
    let force = rng.random_range(0..8) == 0;
    match rng.random_range(0..100) {
        0..45 => Act::Arrive(number(rng)),
        45..65 => Act::Close(contact),
        65..75 => Act::Begin(contact, force),
        75..87 => Act::Reassign(contact),
        87..95 => Act::Give(contact, number(rng), force),
        _ => Act::TakeBack(contact),
    }
}

fn number(rng: &mut impl Rng) -> usize {
    rng.random_range(0..60)
}

fn limit(rng: &mut impl Rng) -> Option<i32> {
    (rng.random_range(0..3) > 0).then(|| rng.random_range(0..4))
}

fn weight(rng: &mut impl Rng) -> u32 {
    rng.random_range(0..4) * 10
}
