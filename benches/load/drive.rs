//! Keeps calls in flight and measures them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

use crate::{
    calls::Client,
    report::{Sample, latencies},
    usage::Meter,
};

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// What goes before and does not count.
    pub warm_up: Duration,
    /// What counts.
    pub length: Duration,
}

/// Lets each client make one call after the other. A call says whether it is one
/// of those to count.
pub async fn drive(clients: Vec<Client>, span: Span, meter: &Meter) -> Sample {
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for mut client in clients {
        let stop = Arc::clone(&stop);
        tasks.spawn(async move {
            let mut calls = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let sent = Instant::now();
                if client().await {
                    calls.push((sent, sent.elapsed()));
                }
            }
            calls
        });
    }
    sleep(span.warm_up).await;
    let start = meter.start();
    sleep(span.length).await;
    let mut sample = Sample::new();
    meter.finish(&start, &mut sample);
    let end = Instant::now();
    stop.store(true, Ordering::Relaxed);

    let calls = tasks.join_all().await.into_iter().flatten();
    let answered: Vec<_> = calls
        .map(|(sent, took): (Instant, Duration)| (sent + took, took))
        .filter(|(time, _)| *time >= start.time)
        .collect();
    let counted = answered.iter().filter(|(time, _)| *time < end).count();
    let millis = answered.iter().map(|(_, took)| took.as_secs_f64() * 1e3);
    latencies(&mut sample, millis.collect());
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let rate = counted as f64 / (end - start.time).as_secs_f64();
    sample.insert("per_second", rate);
    sample
}
