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
pub async fn drive<F, C>(clients: Vec<F>, span: Span, meter: &Meter) -> Sample
where
    F: FnMut() -> C + Send + 'static,
    C: Future<Output = bool> + Send,
{
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
    let counted = calls
        .filter(|(sent, took)| (start.time..end).contains(&(*sent + *took)))
        .map(|(_, took)| took.as_secs_f64() * 1e3)
        .collect();
    let seconds = (end - start.time).as_secs_f64();
    let count = latencies(&mut sample, counted);
    sample.insert("per_second", count / seconds);
    sample
}
