//! What lasts is not logged over and over.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How often to say again what still lasts.
const INTERVAL: Duration = Duration::from_mins(1);

/// Says when to log something that lasts: at once, and then every minute.
#[derive(Debug, Default)]
pub struct Reminder(Mutex<Option<Instant>>);

impl Reminder {
    /// Whether to log it now.
    pub fn is_due(&self) -> bool {
        self.is_due_at(Instant::now())
    }

    fn is_due_at(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| now.duration_since(last) >= INTERVAL);
        if due {
            *last = Some(now);
        }
        due
    }

    /// It is over: the next time is a new one.
    pub fn reset(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::{INTERVAL, Instant, Reminder};

    #[test]
    fn it_is_said_at_once_and_every_minute_while_it_lasts() {
        let reminder = Reminder::default();
        let start = Instant::now();
        assert!(reminder.is_due_at(start));
        assert!(!reminder.is_due_at(start + INTERVAL / 2));
        assert!(reminder.is_due_at(start + INTERVAL));
        assert!(!reminder.is_due_at(start + INTERVAL));
        reminder.reset();
        assert!(reminder.is_due_at(start + INTERVAL));
    }
}
