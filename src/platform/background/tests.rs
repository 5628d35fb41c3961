//! The driver without a database. Time is virtual: it goes on when nobody has anything to do.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use rand::{SeedableRng, rngs::StdRng};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use super::{Driver, Handle, Outcome, Report, Schedule, Task, each_organization};
use crate::{error::Error, ids::OrganizationId, platform::db::Db};

const PERIOD: Duration = Duration::from_mins(10);

/// What a probe does when it is activated.
#[derive(Clone, Copy)]
enum Does {
    Succeed,
    Fail,
    Panic,
}

/// When it was activated, and what it does the next time.
struct State {
    does: Mutex<Does>,
    times: Mutex<Vec<Instant>>,
    running: AtomicU32,
    trigger: Notify,
}

struct Probe(Arc<State>);

impl Task for Probe {
    const NAME: &'static str = "probe";

    fn schedule(&self) -> Schedule {
        Schedule::every(PERIOD)
    }

    fn trigger(&self) -> Option<&Notify> {
        Some(&self.0.trigger)
    }

    async fn run_once(&self) -> Outcome {
        assert_eq!(self.0.running.fetch_add(1, SeqCst), 0, "one at a time");
        sleep(Duration::from_secs(1)).await;
        self.0.running.store(0, SeqCst);
        self.0.times.lock().unwrap().push(Instant::now());
        let does = *self.0.does.lock().unwrap();
        match does {
            Does::Succeed => Ok(Report::of(3_u64)),
            Does::Fail => Err("no luck".into()),
            Does::Panic => panic!("what it says is not repeated"),
        }
    }
}

/// A driver with a probe that has run once, successfully.
async fn started() -> (Arc<State>, Handle) {
    let state = Arc::new(State {
        does: Mutex::new(Does::Succeed),
        times: Mutex::default(),
        running: AtomicU32::default(),
        trigger: Notify::new(),
    });
    let db = Db::new("postgres://localhost/none", 1, PERIOD).unwrap();
    let mut driver = Driver::new(db, &mut StdRng::seed_from_u64(7));
    driver.add(Probe(Arc::clone(&state)));
    let handle = driver.handle();
    #[expect(clippy::disallowed_methods, reason = "the driver itself")]
    tokio::spawn(driver.run());
    sleep(Duration::from_secs(2)).await;
    assert_eq!(state.count(), 1);
    (state, handle)
}

impl State {
    fn count(&self) -> usize {
        self.times.lock().unwrap().len()
    }

    fn does(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_is_activated_once_in_a_period() {
    let (state, _) = started().await;
    sleep(PERIOD * 100).await;
    let times = state.times.lock().unwrap().clone();
    assert!((90..=112).contains(&times.len()), "{}", times.len());
    for two in times.windows(2) {
        let pause = (two[1] - two[0]).as_secs_f64() - 1.0;
        assert!((539.0..661.0).contains(&pause), "{pause}");
    }
}

/// Mutants: no pause that doubles; no `caught`.
#[tokio::test(start_paused = true)]
async fn errors_and_panics_make_it_slower_and_end_nothing() {
    for failing in [Does::Fail, Does::Panic] {
        let (state, handle) = started().await;
        state.does(failing);
        let error = handle.run_now("probe").await.unwrap_err();
        // Where a panic was, but not what it said.
        assert!(!error.contains("repeated"), "{error}");
        sleep(PERIOD / 2).await;
        // After 5, 10, 20, 40, 80, 160 seconds, or half of that.
        let tried = state.count() - 2;
        assert!((5..=7).contains(&tried), "{tried}");
        state.does(Does::Succeed);
        sleep(PERIOD).await;
        let before = state.count();
        sleep(PERIOD * 10).await;
        let regular = state.count() - before;
        assert!((9..=12).contains(&regular), "{regular}");
    }
}

/// Mutant: a trigger that shortens the pause after an error.
#[tokio::test(start_paused = true)]
async fn a_trigger_wakes_it_unless_it_fails() {
    let (state, _) = started().await;
    state.trigger.notify_one();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(state.count(), 2);
    // While it runs: once more, however often.
    state.trigger.notify_one();
    sleep(Duration::from_millis(500)).await;
    for _ in 0..5 {
        state.trigger.notify_one();
    }
    sleep(Duration::from_secs(5)).await;
    assert_eq!(state.count(), 4);
    state.does(Does::Fail);
    state.trigger.notify_one();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(state.count(), 5);
    state.trigger.notify_one();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(state.count(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_runs_only_when_it_is_asked_for() {
    let (state, handle) = started().await;
    handle.hold_back("probe");
    state.trigger.notify_one();
    sleep(PERIOD * 10).await;
    assert_eq!(state.count(), 1);
    assert_eq!(handle.run_now("probe").await, Ok(Report::of(3_u64)));
    assert_eq!(state.count(), 2);
    handle.run_now("nothing").await.unwrap_err();
}

#[tokio::test]
async fn an_organization_that_fails_does_not_keep_the_others() {
    let ids: Vec<_> = (0..9).map(OrganizationId::from_u128).collect();
    let failing = |failing: fn(u128) -> bool| {
        each_organization(ids.clone(), 2, move |id| async move {
            if failing(id.as_uuid().as_u128()) {
                return Err(Error::Busy);
            }
            Ok(2)
        })
    };
    let report = failing(|n| n == 1 || n == 5).await.unwrap();
    assert_eq!(report.items, 14);
    let mut failed: Vec<_> = report
        .failures
        .iter()
        .map(|(id, _)| id.as_uuid().as_u128())
        .collect();
    failed.sort_unstable();
    assert_eq!(failed, [1, 5]);
    assert_eq!(failing(|_| false).await.unwrap(), Report::of(18_u64));
    failing(|_| true).await.unwrap_err();
    let none = each_organization([], 2, |_| async { Ok(1) }).await;
    assert_eq!(none.unwrap(), Report::default());
}
