//! What is counted of the jobs that wait for a group.

use std::time::Duration;

use prometheus::{Histogram, IntGauge};

use super::METRICS;

/// What is counted of a queue.
pub struct Queue {
    length: IntGauge,
    wait: Histogram,
    size: Histogram,
}

impl Queue {
    /// So many jobs have come.
    pub fn came(&self, jobs: usize) {
        self.length.add(jobs.try_into().unwrap_or(i64::MAX));
    }

    /// So many jobs have left.
    pub fn left(&self, jobs: usize) {
        self.length.sub(jobs.try_into().unwrap_or(i64::MAX));
    }

    /// A job has waited for so long.
    pub fn waited(&self, time: Duration) {
        self.wait.observe(time.as_secs_f64());
    }

    /// A group has so many jobs.
    pub fn grouped(&self, jobs: usize) {
        self.size
            .observe(u32::try_from(jobs).unwrap_or(u32::MAX).into());
    }
}

/// What is counted of the queue with this name.
pub fn queue(name: &'static str) -> Queue {
    Queue {
        length: METRICS.queue_length.with_label_values(&[name]),
        wait: METRICS.group_wait.with_label_values(&[name]),
        size: METRICS.group_size.with_label_values(&[name]),
    }
}
