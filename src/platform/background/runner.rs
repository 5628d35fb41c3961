//! What keeps one task going: when it is activated, and what is said of each activation.

use std::{
    collections::BTreeSet,
    mem,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rand::rngs::StdRng;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, sleep_until},
};

use super::{
    lease::Leases,
    task::{Outcome, Report, Task},
};
use crate::{
    error::chain,
    ids::OrganizationId,
    platform::{
        panics,
        telemetry::{Reminder, metrics},
    },
};

/// What somebody who asks for an activation waits for: the report, or the error and all that
/// is behind it.
pub type Reply = oneshot::Sender<Result<Report, String>>;

/// What a task is controlled by.
#[derive(Clone)]
pub struct Controls {
    /// Whether nothing but `run_now` activates it.
    pub held_back: Arc<AtomicBool>,
    /// Who asks for an activation says so here.
    pub ask: mpsc::Sender<Reply>,
}

/// A task, and what is known of its activations.
pub struct Runner<T> {
    task: T,
    controls: Controls,
    leases: Leases,
    rng: StdRng,
    metrics: metrics::Background,
    /// How many activations have failed in a row.
    failures: u32,
    outage: Reminder,
    /// The organizations in which the last activation failed.
    stuck: BTreeSet<OrganizationId>,
}

/// Why a task is activated.
enum Wake {
    Due,
    Triggered,
    Asked(Reply),
}

impl<T: Task> Runner<T> {
    pub fn new(task: T, controls: Controls, leases: Leases, rng: StdRng) -> Self {
        Self {
            task,
            controls,
            leases,
            rng,
            metrics: metrics::background(T::NAME),
            failures: 0,
            outage: Reminder::default(),
            stuck: BTreeSet::new(),
        }
    }

    /// Activates the task whenever it should be, for ever.
    pub async fn run(mut self, mut asked: mpsc::Receiver<Reply>) {
        let mut due = Instant::now() + self.task.schedule().first(&mut self.rng);
        loop {
            match self.wake(due, &mut asked).await {
                Wake::Asked(reply) => {
                    let outcome = self.activate().await;
                    // Who has asked may have given up.
                    let _ = reply.send(outcome.map_err(|error| chain(&*error)));
                }
                _ if self.controls.held_back.load(Ordering::Relaxed) => {}
                Wake::Due | Wake::Triggered => {
                    if self.may_run().await {
                        let _ = self.activate().await;
                    }
                }
            }
            due = Instant::now() + self.task.schedule().pause(self.failures, &mut self.rng);
        }
    }

    async fn wake(&self, due: Instant, asked: &mut mpsc::Receiver<Reply>) -> Wake {
        let triggered = async {
            match self.task.trigger() {
                // A task that fails is not made to fail faster.
                Some(trigger) if self.failures == 0 => trigger.notified().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(reply) = asked.recv() => Wake::Asked(reply),
            () = triggered => Wake::Triggered,
            () = sleep_until(due) => Wake::Due,
        }
    }

    /// Whether it is this process that should run the task.
    async fn may_run(&mut self) -> bool {
        let Some(lasts) = self.task.schedule().lease() else {
            return true;
        };
        match self.leases.take(T::NAME, lasts).await {
            Ok(true) => true,
            Ok(false) => {
                self.failures = 0;
                self.outage.reset();
                false
            }
            Err(error) => {
                self.tell(Err(&error.chain()));
                false
            }
        }
    }

    async fn activate(&mut self) -> Outcome {
        let began = Instant::now();
        let outcome = match self.run_once().await {
            Ok(outcome) => outcome,
            Err(panic) => Err(panic.into()),
        };
        self.metrics.ran(began.elapsed());
        match &outcome {
            Ok(report) => self.tell(Ok(report)),
            Err(error) => self.tell(Err(&chain(&**error))),
        }
        outcome
    }

    /// An activation, during which the lease does not expire. An error is a panic.
    async fn run_once(&self) -> crate::error::Result<Outcome> {
        let mut run = pin!(panics::caught(self.task.run_once()));
        let Some(lasts) = self.task.schedule().lease() else {
            return run.await;
        };
        tokio::select! {
            outcome = &mut run => outcome,
            never = self.renew(lasts) => match never {},
        }
    }

    /// Keeps the lease. If that fails, another process may take it, and nothing is wrong.
    async fn renew(&self, lasts: Duration) -> std::convert::Infallible {
        loop {
            sleep(lasts / 3).await;
            if let Err(error) = self.leases.take(T::NAME, lasts).await {
                let task = T::NAME;
                tracing::debug!(task, error = error.chain(), "background lease not renewed");
            }
        }
    }

    /// Says what became of an activation, in metrics and in the log. What lasts is not logged
    /// over and over.
    fn tell(&mut self, outcome: Result<&Report, &str>) {
        let task = T::NAME;
        match outcome {
            Ok(report) => {
                self.failures = 0;
                self.outage.reset();
                self.metrics.succeeded();
                self.tell_of(report);
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.metrics.failed(1);
                if self.outage.is_due() {
                    tracing::warn!(task, error, "background task failed");
                } else {
                    tracing::debug!(task, error, "background task failed");
                }
            }
        }
    }

    /// An organization in which it goes on failing is warned of once.
    fn tell_of(&mut self, report: &Report) {
        let task = T::NAME;
        self.metrics.failed(report.failures.len());
        let now_stuck = report.failures.iter().map(|(id, _)| *id).collect();
        let before = mem::replace(&mut self.stuck, now_stuck);
        for (organization, error) in &report.failures {
            if before.contains(organization) {
                tracing::debug!(task, %organization, error, "background task failed");
            } else {
                tracing::warn!(task, %organization, error, "background task failed");
            }
        }
        tracing::trace!(task, items = report.items, "background task ended");
    }
}
