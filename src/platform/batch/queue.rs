//! The jobs that wait, and who does them. Nobody's job is dropped once it is queued, but for
//! those whose submitters' deadlines have passed.
#![expect(clippy::disallowed_methods, reason = "workers end with their work")]

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    sync::{Semaphore, oneshot},
    time::{Instant, timeout},
};
use tracing::{Instrument, Span};

use super::{
    bisect,
    job::{Job, MAX_BATCH},
};
use crate::{
    error::{Error, Result},
    ids::OrganizationId,
    platform::{
        panics,
        telemetry::{metrics, trace::span},
    },
};

/// Most jobs of an organization that may wait.
const MAX_WAITING: usize = 4096;
/// A batch that takes longer waits for a lock or a disk, and leaves its turn to another.
const MAX_TURN: Duration = Duration::from_millis(20);

/// So few jobs, of this batch and the one before, cost less in one batch than in two.
const FEW: usize = 32;

/// Does jobs in batches, organization by organization. Its clones are one and the same.
pub struct Batcher<J: Job> {
    shared: Arc<Shared<J>>,
}

impl<J: Job> Clone for Batcher<J> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

/// The jobs that wait, by organization. An organization has a queue as long as a worker
/// does its jobs, one batch after the other.
struct Shared<J: Job> {
    env: J::Env,
    active: Mutex<HashMap<OrganizationId, ActiveQueue<J>>>,
    /// Organizations take turns, first come, first served. A batch is made when its
    /// turn has come: the fewer there are at a time, the more jobs each of them holds.
    turns: Semaphore,
    metrics: metrics::Queue,
}

/// What waits in an organization that has a running worker.
struct ActiveQueue<J: Job> {
    waiting: VecDeque<Waiting<J>>,
    /// How many jobs the batch before had; none before the first.
    before: usize,
}

/// How many jobs the next batch is to have. Those who have just been answered are about
/// to call again: if all who wait were taken now, the first of them to come would be a
/// batch alone, for which all others wait. So where there are many, two batches of like
/// size take turns, one being done while the other is answered.
fn next_size(waiting: usize, before: usize) -> usize {
    let all = waiting + before;
    let size = if all > FEW && before > 0 {
        all.div_ceil(2)
    } else {
        waiting
    };
    size.min(waiting).min(MAX_BATCH)
}

struct Waiting<J: Job> {
    job: J,
    deadline: Instant,
    since: Instant,
    span: Span,
    reply: oneshot::Sender<Result<J::Answer>>,
}

impl<J: Job> Batcher<J> {
    /// For jobs that are done with this, on so many connections. Half of them are for
    /// batches that wait for something.
    pub fn new(env: J::Env, connections: usize) -> Self {
        let shared = Arc::new(Shared {
            env,
            active: Mutex::default(),
            turns: Semaphore::new((connections / 2).max(1)),
            metrics: metrics::queue(J::QUEUE),
        });
        Self { shared }
    }

    /// Does jobs, together with others: queues them, all or none, and waits for their
    /// answers, one each, in their order.
    pub async fn submit(
        &self,
        organization_id: OrganizationId,
        deadline: Instant,
        jobs: Vec<J>,
    ) -> Result<Vec<Result<J::Answer>>> {
        let since = Instant::now();
        let (waiting, answers): (Vec<_>, Vec<_>) = jobs
            .into_iter()
            .map(|job| {
                let (reply, answer) = oneshot::channel();
                let waiting = Waiting {
                    job,
                    deadline,
                    since,
                    span: span!("queue", otel.name = J::QUEUE),
                    reply,
                };
                (waiting, answer)
            })
            .unzip();
        if self.shared.push(organization_id, waiting)? {
            // Here and now: a lone job is not handed from task to task.
            Box::pin(self.shared.work_on_next(organization_id)).await;
            if !self.shared.end(organization_id) {
                let shared = Arc::clone(&self.shared);
                tokio::spawn(async move { shared.work(organization_id).await });
            }
        }
        let answers = join_all(answers).await.into_iter();
        let lost = |error: oneshot::error::RecvError| Err(Error::internal(error.to_string()));
        Ok(answers.map(|answer| answer.unwrap_or_else(lost)).collect())
    }

    /// Does one job, together with others.
    pub async fn submit_one(
        &self,
        organization_id: OrganizationId,
        deadline: Instant,
        job: J,
    ) -> Result<J::Answer> {
        let mut answers = self.submit(organization_id, deadline, vec![job]).await?;
        let missing = || Err(Error::internal("no answer"));
        answers.pop().unwrap_or_else(missing)
    }
}

impl<J: Job> Shared<J> {
    fn lock(&self) -> MutexGuard<'_, HashMap<OrganizationId, ActiveQueue<J>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues jobs, all or none. Returns true if the caller must become the organization's
    /// worker.
    fn push(&self, organization_id: OrganizationId, jobs: Vec<Waiting<J>>) -> Result<bool> {
        self.metrics.came(jobs.len());
        match self.lock().entry(organization_id) {
            Entry::Vacant(vacant) => {
                vacant.insert(ActiveQueue {
                    waiting: jobs.into(),
                    before: 0,
                });
                Ok(true)
            }
            Entry::Occupied(mut queue) => {
                let waiting = &mut queue.get_mut().waiting;
                if waiting.len() + jobs.len() > MAX_WAITING {
                    self.metrics.left(jobs.len());
                    return Err(Error::overloaded("queue"));
                }
                waiting.extend(jobs);
                Ok(false)
            }
        }
    }

    /// The next batch.
    fn pop(&self, organization_id: OrganizationId) -> Vec<Waiting<J>> {
        let mut active = self.lock();
        let Some(queue) = active.get_mut(&organization_id) else {
            return Vec::new();
        };
        queue.before = next_size(queue.waiting.len(), queue.before);
        self.metrics.left(queue.before);
        queue.waiting.drain(..queue.before).collect()
    }

    /// Removes the queue if nobody waits. Returns true if the worker must stop.
    fn end(&self, organization_id: OrganizationId) -> bool {
        match self.lock().entry(organization_id) {
            Entry::Occupied(queue) if !queue.get().waiting.is_empty() => false,
            Entry::Occupied(queue) => {
                queue.remove();
                true
            }
            Entry::Vacant(_) => true,
        }
    }

    /// The worker: does one batch after the other until nobody waits.
    async fn work(&self, organization_id: OrganizationId) {
        loop {
            self.work_on_next(organization_id).await;
            if self.end(organization_id) {
                return;
            }
        }
    }

    /// Does the next batch when it is the organization's turn.
    async fn work_on_next(&self, organization_id: OrganizationId) {
        // It is never closed.
        let turn = self.turns.acquire().await;
        let mut work = pin!(self.work_on(organization_id, self.pop(organization_id)));
        let done = timeout(MAX_TURN, &mut work).await;
        drop(turn);
        if done.is_err() {
            work.await;
        }
    }

    /// Does a batch and answers. A panic must not end the worker.
    async fn work_on(&self, organization_id: OrganizationId, batch: Vec<Waiting<J>>) {
        let span = span!("group", size = batch.len());
        for waiting in &batch {
            span.follows_from(&waiting.span);
        }
        let done = self.execute(organization_id, batch).instrument(span);
        match panics::caught(done).await {
            // Beside the next batch: to answer many takes a while.
            Ok(replies) if replies.len() > 1 => {
                tokio::spawn(async { send_all(replies) });
            }
            Ok(replies) => send_all(replies),
            Err(error) => tracing::error!(error = error.chain(), "batch worker panicked"),
        }
    }

    async fn execute(
        &self,
        organization_id: OrganizationId,
        batch: Vec<Waiting<J>>,
    ) -> Vec<Reply<J::Answer>> {
        let now = Instant::now();
        let (mut jobs, mut senders, mut replies) = (Vec::new(), Vec::new(), Vec::new());
        let mut deadline = now;
        for waiting in batch {
            self.metrics.waited(now.duration_since(waiting.since));
            if waiting.deadline <= now {
                replies.push((waiting.reply, Err(Error::DeadlineExceeded)));
                continue;
            }
            deadline = deadline.max(waiting.deadline);
            jobs.push(waiting.job);
            senders.push(waiting.reply);
        }
        self.metrics.grouped(jobs.len());
        let results = bisect::execute(&self.env, organization_id, deadline, &jobs).await;
        replies.extend(senders.into_iter().zip(results));
        replies
    }
}

/// A submitter's channel, and what goes through it.
type Reply<T> = (oneshot::Sender<Result<T>>, Result<T>);

fn send_all<T>(replies: Vec<Reply<T>>) {
    for (sender, result) in replies {
        // Whoever does not listen any more has given up.
        let _ = sender.send(result);
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, MAX_BATCH, next_size};

    /// Callers who call again as soon as they are answered. Mutant: all who wait are taken.
    #[test]
    fn batches_of_like_size_take_turns() {
        for callers in 1..=3 * MAX_BATCH {
            let (mut before, mut size) = (0, 1);
            for _ in 0..2 * callers.ilog2() {
                (before, size) = (size, next_size(callers - size, size));
                assert!(size <= MAX_BATCH);
                assert_eq!(size == 0, callers == before);
                size = size.max(1);
            }
            if callers > FEW {
                assert!(before.abs_diff(size) <= 1, "{callers}: {before}, {size}");
            }
        }
    }
}
