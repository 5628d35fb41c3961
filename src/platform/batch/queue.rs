//! The jobs that wait, and who does them. Nobody's job is dropped once it is
//! queued, but for those whose callers' deadlines have passed.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    sync::{Semaphore, oneshot},
    time::{Instant, timeout},
};
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::{Job, MAX_GROUP, isolate};
use crate::{
    call::Context,
    error::{Error, Result},
    platform::{
        ingress::panics,
        telemetry::{metrics, trace::span},
    },
};

/// Most jobs of an organization that may wait.
const MAX_WAITING: usize = 4096;
/// A group that takes longer waits for a lock or a disk, and leaves its turn to another.
const MAX_TURN: Duration = Duration::from_millis(20);

/// So few jobs, of this group and the one before, cost less in one group than in two.
const FEW: usize = 32;

/// The jobs that wait, by organization. An organization is listed as long as
/// somebody does its jobs, one group after the other.
pub struct Queues<J: Job> {
    listed: Mutex<HashMap<Uuid, Listed<J>>>,
    /// Organizations take turns, first come, first served. A group is made when its
    /// turn has come: the fewer there are at a time, the more jobs each of them holds.
    turns: Semaphore,
    metrics: metrics::Queue,
}

/// An organization whose jobs somebody does.
struct Listed<J: Job> {
    waiting: VecDeque<Waiting<J>>,
    /// How many jobs the group before had; none before the first.
    before: usize,
}

/// How many jobs the next group is to have. Those who have just been answered are about
/// to call again: if all who wait were taken now, the first of them to come would be a
/// group alone, for which all others wait. So where there are many, two groups of like
/// size take turns, one being done while the other is answered.
fn next_size(waiting: usize, before: usize) -> usize {
    let all = waiting + before;
    let size = if all > FEW && before > 0 {
        all.div_ceil(2)
    } else {
        waiting
    };
    size.min(waiting).min(MAX_GROUP)
}

struct Waiting<J: Job> {
    job: J,
    deadline: Instant,
    since: Instant,
    span: Span,
    answer: oneshot::Sender<Result<J::Answer>>,
}

impl<J: Job> Queues<J> {
    /// For jobs that are done on so many connections. Half of them are for groups
    /// that wait for something.
    pub fn new(connections: usize) -> Self {
        Self {
            listed: Mutex::default(),
            turns: Semaphore::new((connections / 2).max(1)),
            metrics: metrics::queue(J::QUEUE),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Listed<J>>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues jobs, all or none. True if nobody does the organization's jobs: whoever
    /// asks has to.
    fn push(&self, organization_id: Uuid, jobs: Vec<Waiting<J>>) -> Result<bool> {
        self.metrics.came(jobs.len());
        match self.lock().entry(organization_id) {
            Entry::Vacant(vacant) => {
                vacant.insert(Listed {
                    waiting: jobs.into(),
                    before: 0,
                });
                Ok(true)
            }
            Entry::Occupied(mut listed) => {
                let waiting = &mut listed.get_mut().waiting;
                if waiting.len() + jobs.len() > MAX_WAITING {
                    self.metrics.left(jobs.len());
                    return Err(Error::overloaded("queue"));
                }
                waiting.extend(jobs);
                Ok(false)
            }
        }
    }

    /// The next group.
    fn pop(&self, organization_id: Uuid) -> Vec<Waiting<J>> {
        let mut listed = self.lock();
        let Some(listed) = listed.get_mut(&organization_id) else {
            return Vec::new();
        };
        listed.before = next_size(listed.waiting.len(), listed.before);
        self.metrics.left(listed.before);
        listed.waiting.drain(..listed.before).collect()
    }

    /// Whether nobody waits any more: whoever asks ends its work.
    fn end(&self, organization_id: Uuid) -> bool {
        match self.lock().entry(organization_id) {
            Entry::Occupied(listed) if !listed.get().waiting.is_empty() => false,
            Entry::Occupied(listed) => {
                listed.remove();
                true
            }
            Entry::Vacant(_) => true,
        }
    }
}

/// Does jobs, together with others: queues them and waits for their answers, one
/// each, in their order.
pub async fn run<J: Job>(context: &Context, jobs: Vec<J>) -> Result<Vec<Result<J::Answer>>> {
    let since = Instant::now();
    let (waiting, answers): (Vec<_>, Vec<_>) = jobs
        .into_iter()
        .map(|job| {
            let (answer, receiver) = oneshot::channel();
            let waiting = Waiting {
                job,
                deadline: context.deadline,
                since,
                span: span!("queue", otel.name = J::QUEUE),
                answer,
            };
            (waiting, receiver)
        })
        .unzip();
    let queues = J::queues(context);
    if queues.push(context.organization_id, waiting)? {
        // Here and now: a lone job is not handed from task to task.
        Box::pin(work_on_next::<J>(context)).await;
        if !queues.end(context.organization_id) {
            tokio::spawn(work::<J>(context.clone()));
        }
    }
    let answers = join_all(answers).await.into_iter();
    let lost = |error: oneshot::error::RecvError| Err(Error::internal(error.to_string()));
    Ok(answers.map(|answer| answer.unwrap_or_else(lost)).collect())
}

/// Does one group after the other until nobody waits.
async fn work<J: Job>(context: Context) {
    loop {
        work_on_next::<J>(&context).await;
        if J::queues(&context).end(context.organization_id) {
            return;
        }
    }
}

/// Does the next group when it is the organization's turn.
async fn work_on_next<J: Job>(context: &Context) {
    let queues = J::queues(context);
    // It is never closed.
    let turn = queues.turns.acquire().await;
    let mut work = pin!(work_on(context, queues.pop(context.organization_id)));
    let done = timeout(MAX_TURN, &mut work).await;
    drop(turn);
    if done.is_err() {
        work.await;
    }
}

/// Does a group and answers. A panic must not end the work for good.
async fn work_on<J: Job>(context: &Context, group: Vec<Waiting<J>>) {
    let span = span!("group", size = group.len());
    for waiting in &group {
        span.follows_from(&waiting.span);
    }
    match panics::caught(do_all(context, group).instrument(span)).await {
        // Beside the next group: to answer many takes a while.
        Ok(answered) if answered.len() > 1 => {
            tokio::spawn(async { answer_all(answered) });
        }
        Ok(answered) => answer_all(answered),
        Err(error) => tracing::error!(error = error.chain(), "a group was lost"),
    }
}

/// Who waits for an answer, and the answer.
type Answered<T> = (oneshot::Sender<Result<T>>, Result<T>);

async fn do_all<J: Job>(context: &Context, group: Vec<Waiting<J>>) -> Vec<Answered<J::Answer>> {
    let now = Instant::now();
    let metrics = &J::queues(context).metrics;
    let (mut jobs, mut answers, mut answered) = (Vec::new(), Vec::new(), Vec::new());
    for waiting in group {
        metrics.waited(now.duration_since(waiting.since));
        if waiting.deadline <= now {
            answered.push((waiting.answer, Err(Error::DeadlineExceeded)));
            continue;
        }
        jobs.push(waiting.job);
        answers.push(waiting.answer);
    }
    metrics.grouped(jobs.len());
    let results = isolate::run(context, &jobs).await;
    answered.extend(answers.into_iter().zip(results));
    answered
}

fn answer_all<T>(answered: Vec<Answered<T>>) {
    for (answer, result) in answered {
        // Whoever does not listen any more has given up.
        let _ = answer.send(result);
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, MAX_GROUP, next_size};

    /// Callers who call again as soon as they are answered. Mutant: all who wait are taken.
    #[test]
    fn groups_of_like_size_take_turns() {
        for callers in 1..=3 * MAX_GROUP {
            let (mut before, mut size) = (0, 1);
            for _ in 0..2 * callers.ilog2() {
                (before, size) = (size, next_size(callers - size, size));
                assert!(size <= MAX_GROUP);
                assert_eq!(size == 0, callers == before);
                size = size.max(1);
            }
            if callers > FEW {
                assert!(before.abs_diff(size) <= 1, "{callers}: {before}, {size}");
            }
        }
    }
}
