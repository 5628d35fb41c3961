//! What somebody may do a few times in a while: a budget that fills up by itself.
//! What is under way counts as spent until its end says whether it is.

use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::time::Instant;

/// How many are remembered; who has done nothing for longest is forgotten first.
const MOST: u64 = 100_000;
/// How much more than there is can be spent.
const MOST_OVERSPENT: f64 = 6.0;

/// Why nothing may be spent now.
pub enum Refused {
    /// It is all spent; when there is some again.
    Spent(Duration),
    /// What is left is held by what is under way.
    Held,
}

/// The budgets of all who have one of the same size.
pub struct Budgets<K> {
    size: u32,
    period: Duration,
    used: Cache<K, Arc<Mutex<Used>>>,
}

/// What is used of a budget.
#[derive(Default)]
struct Used {
    /// What was spent and is not yet there again.
    spent: f64,
    /// When that was so.
    time: Option<Instant>,
    /// When something was spent last.
    last: Option<Instant>,
    /// What is under way.
    held: u32,
}

impl<K: Hash + Eq + Send + Sync + 'static> Budgets<K> {
    /// Of which so much can be spent in a period.
    pub fn new(size: NonZeroU32, period: Duration) -> Self {
        let used = Cache::builder()
            .max_capacity(MOST)
            // Whatever was spent is there again by then.
            .time_to_idle(2 * period)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self {
            size: size.get(),
            period,
            used,
        }
    }

    /// Takes hold of one, if the last one was spent at least `pause` ago.
    pub fn hold(&self, key: K, pause: Duration) -> Result<Hold, Refused> {
        let used = self.used.get_with(key, Arc::default);
        {
            let mut used = lock(&used);
            let now = Instant::now();
            self.fill(&mut used, now);
            let free = self.until_one(&used);
            let paused = used.last.map_or(Duration::ZERO, |last| {
                (last + pause).saturating_duration_since(now)
            });
            let wait = free.max(paused);
            if !wait.is_zero() {
                return Err(Refused::Spent(wait));
            }
            // After a pause, one at a time: the next one's depends on how it ends.
            let most = if pause.is_zero() { self.size } else { 1 };
            if used.spent + f64::from(used.held) > f64::from(self.size) - 1.0 || used.held >= most {
                return Err(Refused::Held);
            }
            used.held += 1;
        }
        Ok(Hold { used })
    }

    /// Spends one, or says when there is one.
    pub fn spend(&self, key: K) -> Result<(), Duration> {
        let used = self.used.get_with(key, Arc::default);
        let mut used = lock(&used);
        self.fill(&mut used, Instant::now());
        let wait = self.until_one(&used);
        if !wait.is_zero() {
            return Err(wait);
        }
        used.spent += 1.0;
        Ok(())
    }

    /// Spends one, if there is one or not.
    pub fn overspend(&self, key: K) {
        let used = self.used.get_with(key, Arc::default);
        let mut used = lock(&used);
        self.fill(&mut used, Instant::now());
        used.spent = (used.spent + 1.0).min(f64::from(self.size) + MOST_OVERSPENT);
    }

    /// By how much more was spent than there is; nothing if some is left.
    pub fn overspent(&self, key: &K) -> Option<f64> {
        let used = self.used.get(key)?;
        let mut used = lock(&used);
        self.fill(&mut used, Instant::now());
        let over = used.spent - f64::from(self.size);
        // To within a rounding: what was spent just now has begun to be there again.
        (over > -0.5).then(|| over.max(0.0))
    }

    fn fill(&self, used: &mut Used, now: Instant) {
        let passed = used.time.map_or(Duration::ZERO, |time| now - time);
        let filled = passed.as_secs_f64() * f64::from(self.size) / self.period.as_secs_f64();
        used.spent = (used.spent - filled).max(0.0);
        used.time = Some(now);
    }

    /// How long until one is there that nobody has spent.
    fn until_one(&self, used: &Used) -> Duration {
        let lacking = used.spent + 1.0 - f64::from(self.size);
        if lacking <= 0.0 {
            return Duration::ZERO;
        }
        (self.period / self.size).mul_f64(lacking)
    }
}

/// One of a budget, which is given back when this is dropped.
pub struct Hold {
    used: Arc<Mutex<Used>>,
}

impl Hold {
    /// It is spent.
    pub fn spend(self) {
        let mut used = lock(&self.used);
        used.spent += 1.0;
        used.last = Some(Instant::now());
    }

    /// It is given back, and with it all that was spent.
    pub fn clear(self) {
        let mut used = lock(&self.used);
        used.spent = 0.0;
        used.last = None;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut used = lock(&self.used);
        used.held = used.held.saturating_sub(1);
    }
}

fn lock(used: &Mutex<Used>) -> MutexGuard<'_, Used> {
    used.lock().unwrap_or_else(PoisonError::into_inner)
}
