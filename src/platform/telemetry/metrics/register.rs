//! Makes metrics and registers them.

use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, core::Collector, register,
};

/// Registers a metric; the names are constants, and each is used once.
#[expect(clippy::expect_used, reason = "the same every time: a test would fail")]
fn registered<C: Collector + Clone + 'static>(outcome: prometheus::Result<C>) -> C {
    let metric = outcome.expect("a valid name");
    register(Box::new(metric.clone())).expect("a name that is not used yet");
    metric
}

/// A number that goes up.
pub fn counter(name: &str, help: &str) -> IntCounter {
    registered(IntCounter::new(name, help))
}

/// A whole number that goes up and down.
pub fn gauge(name: &str, help: &str) -> IntGauge {
    registered(IntGauge::new(name, help))
}

/// Any number that goes up and down.
pub fn real_gauge(name: &str, help: &str) -> Gauge {
    registered(Gauge::new(name, help))
}

/// Any numbers that go up and down, by labels.
pub fn real_gauges(name: &str, help: &str, labels: &[&str]) -> GaugeVec {
    registered(GaugeVec::new(Opts::new(name, help), labels))
}

/// Whole numbers that go up and down, by labels.
pub fn gauges(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    registered(IntGaugeVec::new(Opts::new(name, help), labels))
}

/// Numbers that go up, by labels. With these values of the only label from the
/// beginning: what is not there before it has happened once cannot be seen to
/// begin.
pub fn counters(name: &str, help: &str, labels: &[&str], values: &[&str]) -> IntCounterVec {
    let counters = registered(IntCounterVec::new(Opts::new(name, help), labels));
    for value in values {
        counters.with_label_values(&[*value]);
    }
    counters
}

/// How often there was how much, by labels.
pub fn histograms(name: &str, help: &str, labels: &[&str], bounds: &[f64]) -> HistogramVec {
    let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
    registered(HistogramVec::new(options, labels))
}
