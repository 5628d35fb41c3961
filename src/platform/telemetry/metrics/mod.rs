//! What Prometheus is told. Everything is counted with relaxed atomics, by label
//! values that are few and known beforehand: no ids, nothing of what requests hold.

mod background;
mod calls;
mod database;
mod mails;
mod queues;
mod register;

use std::sync::LazyLock;

pub use background::{Background, background};
pub use calls::{Counted, MethodMetrics, code_name};
pub use database::{DbGauges, set_db_gauges, set_drift};
pub use mails::mailed;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    TextEncoder,
};
pub use queues::{Queue, queue};
use register::{counter, counters, gauge, gauges, histograms, real_gauge};

use crate::error::{Error, Result};

/// Bounds of what takes time, in seconds.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Bounds of the sizes of groups.
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

struct Metrics {
    requests: IntCounterVec,
    duration: HistogramVec,
    in_flight: IntGauge,
    pool_connections: IntGaugeVec,
    pool_wait: HistogramVec,
    group_size: HistogramVec,
    group_wait: HistogramVec,
    queue_length: IntGaugeVec,
    retries: IntCounterVec,
    shed: IntCounterVec,
    rate_limited: IntCounterVec,
    panics: IntCounter,
    contacts: IntCounterVec,
    backlog: IntGauge,
    oldest: Gauge,
    load: IntGauge,
    limit: IntGauge,
    at_limit: IntGauge,
    unfolded: IntGauge,
    drift: Gauge,
    ready: IntGauge,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let build = gauges("minicrm_build_info", "The version that runs.", &["version"]);
    build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    Metrics {
        requests: counters(
            "minicrm_requests_total",
            "Calls that were answered, by code.",
            &["service", "method", "code"],
            &[],
        ),
        duration: histograms(
            "minicrm_request_duration_seconds",
            "How long calls took.",
            &["service", "method"],
            SECONDS,
        ),
        in_flight: gauge("minicrm_requests_in_flight", "Calls that are being served."),
        pool_connections: gauges(
            "minicrm_pool_connections",
            "Connections to the database.",
            &["pool", "state"],
        ),
        pool_wait: histograms(
            "minicrm_pool_wait_seconds",
            "How long a connection of the pool was waited for.",
            &["pool"],
            SECONDS,
        ),
        group_size: histograms(
            "minicrm_group_size",
            "How many jobs a group had.",
            &["queue"],
            SIZES,
        ),
        group_wait: histograms(
            "minicrm_group_wait_seconds",
            "How long a job waited for its group to begin.",
            &["queue"],
            SECONDS,
        ),
        queue_length: gauges(
            "minicrm_queue_length",
            "Jobs that wait for a group.",
            &["queue"],
        ),
        retries: counters(
            "minicrm_transaction_retries_total",
            "Transactions that were tried again.",
            &["cause"],
            &["conflict", "connection_lost"],
        ),
        shed: counters(
            "minicrm_shed_total",
            "Calls that were refused because too much was going on.",
            &["reason"],
            &[
                "in_flight",
                "queue",
                "pool",
                "passwords",
                "request_memory",
                "answer_memory",
                "beside",
                "mails",
            ],
        ),
        rate_limited: counters(
            "minicrm_rate_limited_total",
            "Calls that were refused because their caller made too many.",
            &["scope"],
            &["organization", "api_key", "attempts"],
        ),
        panics: counter("minicrm_panics_total", "Panics: faults of the service."),
        contacts: counters(
            "minicrm_contacts_total",
            "Contacts that were taken in, by what became of them.",
            &["outcome"],
            &["assigned", "backlog"],
        ),
        backlog: gauge(
            "minicrm_backlog_contacts",
            "Active contacts without an operator.",
        ),
        oldest: real_gauge(
            "minicrm_backlog_oldest_seconds",
            "Age of the oldest contact in the backlog; 0 if there is none.",
        ),
        load: gauge(
            "minicrm_operator_load",
            "Active contacts of all active operators with a load limit.",
        ),
        limit: gauge(
            "minicrm_operator_limit",
            "Sum of the load limits of all active operators.",
        ),
        at_limit: gauge(
            "minicrm_operators_at_limit",
            "Active operators at their load limit or beyond.",
        ),
        unfolded: gauge(
            "minicrm_unfolded_changes",
            "Changes of counts that are not folded into the cells yet.",
        ),
        drift: {
            let drift = real_gauge(
                "minicrm_counter_drift",
                "Counts that the last verification found wrong; NaN before the first.",
            );
            drift.set(f64::NAN);
            drift
        },
        ready: gauge(
            "minicrm_ready",
            "1 while the database is prepared and answers.",
        ),
    }
});

/// Counts a call that was refused because too much was going on.
pub fn shed(reason: &'static str) {
    METRICS.shed.with_label_values(&[reason]).inc();
}

/// Counts a call that was refused because its caller, or others of the same
/// `scope`, made too many.
pub fn rate_limited(scope: &'static str) {
    METRICS.rate_limited.with_label_values(&[scope]).inc();
}

/// Counts a panic.
pub fn panicked() {
    METRICS.panics.inc();
}

/// Counts a transaction that is tried again because of this.
pub fn retried(cause: &Error) {
    let cause = match cause {
        Error::Unavailable(_) => "connection_lost",
        _ => "conflict",
    };
    METRICS.retries.with_label_values(&[cause]).inc();
}

/// Counts contacts that were taken in.
pub fn taken_in(assigned: usize, backlog: usize) {
    for (outcome, count) in [("assigned", assigned), ("backlog", backlog)] {
        let count = u64::try_from(count).unwrap_or_default();
        METRICS.contacts.with_label_values(&[outcome]).inc_by(count);
    }
}

/// Says whether the service is ready.
pub fn set_ready(ready: bool) {
    METRICS.ready.set(ready.into());
}

/// Whether it was said to be.
pub fn is_ready() -> bool {
    METRICS.ready.get() != 0
}

/// How long connections of the pool with this name are waited for, in seconds.
pub fn pool_wait(name: &'static str) -> Histogram {
    METRICS.pool_wait.with_label_values(&[name])
}

/// Says how many connections the pool with this name has.
pub fn set_pool(name: &'static str, in_use: usize, idle: usize, max: usize) {
    for (state, count) in [("in_use", in_use), ("idle", idle), ("max", max)] {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let gauge = METRICS.pool_connections.with_label_values(&[name, state]);
        gauge.set(count);
    }
}

/// All of it, as Prometheus reads it.
pub fn page() -> Result<String> {
    LazyLock::force(&METRICS);
    mails::register();
    let mut page = Vec::new();
    TextEncoder::new()
        .encode(&prometheus::gather(), &mut page)
        .map_err(Error::internal)?;
    String::from_utf8(page).map_err(Error::internal)
}
