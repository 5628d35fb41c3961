//! The driver: what starts the tasks and keeps them going.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use futures_util::{FutureExt, future::BoxFuture};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use uuid::Builder;

use super::{
    lease::Leases,
    runner::{Controls, Runner},
    task::{Report, Task},
};
use crate::platform::db::Db;

/// Most who ask for a task at a time; others wait to ask.
const MAX_ASKING: usize = 16;

/// Runs a set of tasks. See the [module](super).
pub struct Driver {
    leases: Leases,
    rng: StdRng,
    runs: Vec<BoxFuture<'static, ()>>,
    handle: Handle,
}

/// Acts on the tasks of a driver from outside.
#[derive(Clone, Default)]
pub struct Handle {
    tasks: BTreeMap<&'static str, Controls>,
}

impl Driver {
    /// A driver without tasks. `db` has the leases, `rng` decides on jitter and on the name
    /// that this process has among their holders.
    pub fn new(db: Db, rng: &mut impl Rng) -> Self {
        let holder = Builder::from_random_bytes(rng.random()).into_uuid();
        Self {
            leases: Leases::new(db, holder),
            rng: StdRng::from_rng(rng),
            runs: Vec::new(),
            handle: Handle::default(),
        }
    }

    /// Adds a task. It runs when the driver does.
    pub fn add<T: Task>(&mut self, task: T) {
        let (ask, asked) = mpsc::channel(MAX_ASKING);
        let controls = Controls {
            held_back: Arc::default(),
            ask,
        };
        let known = self.handle.tasks.insert(T::NAME, controls.clone());
        debug_assert!(known.is_none(), "two tasks are called {}", T::NAME);
        let rng = StdRng::from_rng(&mut self.rng);
        let runner = Runner::new(task, controls, self.leases.clone(), rng);
        self.runs.push(runner.run(asked).boxed());
    }

    /// What acts on its tasks from outside, now and when it runs.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs all tasks, for ever, each in a task of the runtime. They are cut off when this
    /// future is dropped.
    pub async fn run(self) {
        let mut running: JoinSet<()> = self.runs.into_iter().collect();
        // None of them ends.
        while running.join_next().await.is_some() {}
        std::future::pending::<()>().await;
    }
}

impl Handle {
    /// The names of all tasks.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.tasks.keys().copied()
    }

    /// From now on nothing activates the task but [`run_now`](Self::run_now). An activation
    /// that has begun goes on.
    pub fn hold_back(&self, name: &str) {
        if let Some(task) = self.tasks.get(name) {
            task.held_back.store(true, Ordering::Relaxed);
        }
    }

    /// Activates a task when its present activation, if there is one, has ended, and waits for
    /// it. No lease is asked for: whoever asks wants it done, and done by now. The error is a
    /// message.
    pub async fn run_now(&self, name: &str) -> Result<Report, String> {
        let ended = || format!("the background task {name} is not running");
        let (reply, answered) = oneshot::channel();
        let task = self.tasks.get(name);
        let task = task.ok_or_else(|| format!("there is no background task {name}"))?;
        task.ask.send(reply).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}
