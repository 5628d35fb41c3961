//! What is counted of background tasks.

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use prometheus::{Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec};

use super::register::{counters, histograms, real_gauges};

/// Bounds of how long an activation takes, in seconds: few, because there are many tasks.
const SECONDS: &[f64] = &[0.01, 0.1, 1.0, 10.0, 60.0];

static LAST_RUN: LazyLock<GaugeVec> = LazyLock::new(|| {
    real_gauges(
        "minicrm_background_last_run_timestamp_seconds",
        "When the background task last ran here, whatever became of it; 0: never.",
        &["task"],
    )
});
static LAST_SUCCESS: LazyLock<GaugeVec> = LazyLock::new(|| {
    real_gauges(
        "minicrm_background_last_success_timestamp_seconds",
        "When the background task last succeeded here; 0: never.",
        &["task"],
    )
});
static ERRORS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counters(
        "minicrm_background_errors_total",
        "Activations of the background task that failed, and organizations in which one did.",
        &["task"],
        &[],
    )
});
static DURATION: LazyLock<HistogramVec> = LazyLock::new(|| {
    histograms(
        "minicrm_background_duration_seconds",
        "How long activations of the background task took.",
        &["task"],
        SECONDS,
    )
});

/// What is counted of a background task.
pub struct Background {
    last_run: Gauge,
    last_success: Gauge,
    errors: IntCounter,
    duration: Histogram,
}

impl Background {
    /// An activation has ended, which took so long.
    pub fn ran(&self, time: Duration) {
        self.last_run.set(now());
        self.duration.observe(time.as_secs_f64());
    }

    /// It has succeeded.
    pub fn succeeded(&self) {
        self.last_success.set(now());
    }

    /// So much of it has failed.
    pub fn failed(&self, failures: usize) {
        self.errors.inc_by(failures.try_into().unwrap_or(u64::MAX));
    }
}

/// What is counted of the background task with this name; it is there from now on.
pub fn background(task: &'static str) -> Background {
    let labels = &[task];
    Background {
        last_run: LAST_RUN.with_label_values(labels),
        last_success: LAST_SUCCESS.with_label_values(labels),
        errors: ERRORS.with_label_values(labels),
        duration: DURATION.with_label_values(labels),
    }
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}
