//! Gauges that are read from the database, of all organizations together.

use super::METRICS;

/// What the database says of all organizations together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DbGauges {
    /// Active contacts without an operator.
    pub backlog: i64,
    /// Age of the oldest of them in seconds.
    pub oldest_seconds: f64,
    /// Active contacts of active operators with a load limit.
    pub load: i64,
    /// The sum of these limits.
    pub limit: i64,
    /// How many of these operators are at their limit.
    pub at_limit: i64,
    /// Changes of counts that are not folded into the cells yet.
    pub unfolded: i64,
}

impl DbGauges {
    /// Adds those of another organization.
    pub fn add(&mut self, other: &Self) {
        self.backlog += other.backlog;
        self.oldest_seconds = self.oldest_seconds.max(other.oldest_seconds);
        self.load += other.load;
        self.limit += other.limit;
        self.at_limit += other.at_limit;
        self.unfolded += other.unfolded;
    }
}

/// Says what the database says.
pub fn set_db_gauges(gauges: &DbGauges) {
    METRICS.backlog.set(gauges.backlog);
    METRICS.oldest.set(gauges.oldest_seconds);
    METRICS.load.set(gauges.load);
    METRICS.limit.set(gauges.limit);
    METRICS.at_limit.set(gauges.at_limit);
    METRICS.unfolded.set(gauges.unfolded);
}

/// Says how many counts a verification has found wrong.
pub fn set_drift(counts: u32) {
    METRICS.drift.set(counts.into());
}
