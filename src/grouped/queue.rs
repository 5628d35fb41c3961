//! The jobs that wait, and who does them. Nobody's job is dropped once it is
//! queued, but for those whose callers' deadlines have passed.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::future::join_all;
use tokio::{sync::oneshot, time::Instant};
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::{Job, MAX_GROUP, isolate};
use crate::{
    context::Context,
    edge::panics,
    error::{Error, Result},
    telemetry::{metrics, trace::span},
};

/// Most jobs of an organization that may wait.
const MAX_WAITING: usize = 4096;
/// Most groups of an organization at a time. A second one is read and decided
/// while the first is written and committed.
const MAX_WORKERS: usize = 1;

/// The jobs that wait, by organization. An organization is listed as long as
/// somebody does its jobs.
pub struct Queues<J: Job> {
    queues: Mutex<HashMap<Uuid, Queue<J>>>,
    metrics: metrics::Queue,
}

struct Queue<J: Job> {
    waiting: VecDeque<Waiting<J>>,
    workers: usize,
}

struct Waiting<J: Job> {
    job: J,
    deadline: Instant,
    since: Instant,
    span: Span,
    answer: oneshot::Sender<Result<J::Answer>>,
}

impl<J: Job> Default for Queues<J> {
    fn default() -> Self {
        Self {
            queues: Mutex::default(),
            metrics: metrics::queue(J::QUEUE),
        }
    }
}

impl<J: Job> Queues<J> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Queue<J>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues jobs, all or none. True if one more must work on them.
    fn push(&self, organization_id: Uuid, jobs: Vec<Waiting<J>>) -> Result<bool> {
        let mut queues = self.lock();
        let queue = queues.entry(organization_id).or_insert_with(|| Queue {
            waiting: VecDeque::new(),
            workers: 0,
        });
        if queue.waiting.len() + jobs.len() > MAX_WAITING {
            return Err(Error::overloaded("queue"));
        }
        self.metrics.came(jobs.len());
        queue.waiting.extend(jobs);
        let more = queue.workers < MAX_WORKERS;
        queue.workers += usize::from(more);
        Ok(more)
    }

    /// The next group; if nobody waits, none, and whoever asks ends its work.
    fn pop(&self, organization_id: Uuid) -> Option<Vec<Waiting<J>>> {
        let mut queues = self.lock();
        let queue = queues.get_mut(&organization_id)?;
        if queue.waiting.is_empty() {
            queue.workers -= 1;
            if queue.workers == 0 {
                queues.remove(&organization_id);
            }
            return None;
        }
        let size = queue.waiting.len().min(MAX_GROUP);
        self.metrics.left(size);
        Some(queue.waiting.drain(..size).collect())
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
    if queues.push(context.organization_id, waiting)?
        && let Some(group) = queues.pop(context.organization_id)
    {
        // Here and now: a lone job is not handed from task to task.
        Box::pin(work_on(context, group)).await;
        if let Some(next) = queues.pop(context.organization_id) {
            tokio::spawn(work::<J>(context.clone(), next));
        }
    }
    let answers = join_all(answers).await.into_iter();
    let lost = |error: oneshot::error::RecvError| Err(Error::internal(error.to_string()));
    Ok(answers.map(|answer| answer.unwrap_or_else(lost)).collect())
}

/// Does one group after the other until nobody waits.
async fn work<J: Job>(context: Context, group: Vec<Waiting<J>>) {
    let mut next = Some(group);
    while let Some(group) = next {
        work_on(&context, group).await;
        next = J::queues(&context).pop(context.organization_id);
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
