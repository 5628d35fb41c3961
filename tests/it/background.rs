//! Background work: the driver on a real database, and what is seen of it. Its times are
//! tested beside it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::platform::{
    background::{Driver, Handle, Outcome, Report, Schedule, Task},
    db::{Conn, Db},
};
use rand::{SeedableRng, rngs::StdRng};
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    support::{App, FOLDING, development, new_database, operator, until},
    telemetry::{measured, page, value},
};

/// How long the lease of a probe lasts.
const LEASE: Duration = Duration::from_millis(800);

/// A task that counts its activations, and what they do.
#[derive(Clone, Default)]
struct Probe {
    leased: bool,
    takes: Duration,
    activations: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
}

impl Task for Probe {
    const NAME: &'static str = "probe";

    fn schedule(&self) -> Schedule {
        let schedule = Schedule::every(LEASE);
        if self.leased {
            schedule.leased()
        } else {
            schedule
        }
    }

    /// Fails, then panics, then succeeds, and so on.
    async fn run_once(&self) -> Outcome {
        let activation = self.activations.fetch_add(1, SeqCst);
        self.running.fetch_add(1, SeqCst);
        sleep(self.takes).await;
        self.running.fetch_sub(1, SeqCst);
        match activation % 3 {
            0 if !self.leased => Err("no luck".into()),
            1 if !self.leased => panic!("bad luck"),
            _ => Ok(Report::default()),
        }
    }
}

impl Probe {
    fn count(&self) -> usize {
        self.activations.load(SeqCst)
    }

    async fn until_activated(&self, count: usize) {
        until("so many activations", async || self.count() >= count).await;
    }

    /// Another process, as far as the database can tell: its driver, until it is aborted.
    fn drive(&self, url: &str, seed: u64) -> (JoinHandle<()>, Handle) {
        let db = Db::new(url, 2, Duration::from_secs(5)).unwrap();
        let mut driver = Driver::new(db, &mut StdRng::seed_from_u64(seed));
        driver.add(self.clone());
        let handle = driver.handle();
        (tokio::spawn(driver.run()), handle)
    }
}

async fn expire_in(url: &str, time: &str) {
    let set = format!("UPDATE background_leases SET expire_time = now() + interval '{time}'");
    let mut conn = Conn::establish(url).await.unwrap();
    conn.batch_execute(&set).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_survives_its_errors_and_panics() {
    let probe = Probe::default();
    let (driver, handle) = probe.drive(&new_database().await, 1);
    probe.until_activated(4).await;
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(handle.run_now("probe").await.is_ok());
    }
    assert_eq!(outcomes.iter().filter(|ok| **ok).count(), 1, "{outcomes:?}");
    driver.abort();
}

/// Mutants: whoever asks has the lease (`WHERE name = $1`); no lease asked for.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_one_has_the_lease_and_the_other_takes_over() {
    let url = new_database().await;
    let probe = || Probe {
        leased: true,
        ..Probe::default()
    };
    let (first, second) = (probe(), probe());
    let (holder, _) = first.drive(&url, 1);
    first.until_activated(1).await;
    expire_in(&url, "1 hour").await;
    let (other, handle) = second.drive(&url, 2);
    // However often the holder runs.
    for _ in 0..3 {
        first.until_activated(first.count() + 1).await;
        expire_in(&url, "1 hour").await;
    }
    assert_eq!(second.count(), 0);
    // Who is asked does not ask for it.
    handle.run_now("probe").await.unwrap();
    assert_eq!(second.count(), 1);

    holder.abort();
    let left = first.count();
    sleep(2 * LEASE).await;
    assert_eq!(second.count(), 1, "it has not expired");
    expire_in(&url, "0.3 seconds").await;
    second.until_activated(3).await;
    assert!(first.count() <= left + 1);
    other.abort();
}

/// Mutant: no lease is renewed.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_lasts_as_long_as_the_activation() {
    let url = new_database().await;
    let probe = Probe {
        leased: true,
        takes: 4 * LEASE,
        ..Probe::default()
    };
    let (one, _) = probe.drive(&url, 1);
    probe.until_activated(1).await;
    let (two, _) = probe.drive(&url, 2);
    sleep(3 * LEASE).await;
    assert_eq!((probe.count(), probe.running.load(SeqCst)), (1, 1));
    one.abort();
    two.abort();
}

/// The same set as that of `main`, and a test can take a task out of it.
#[tokio::test(flavor = "multi_thread")]
async fn servers_of_tests_do_their_background_work() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    app.contact(&source).await;
    until("all changes are folded", async || app.unfolded().await == 0).await;

    let quiet = App::holding_back(new_database().await, development(), &FOLDING).await;
    let source = quiet.source("bot", &[]).await;
    quiet.contact(&source).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(quiet.unfolded().await, 1);
    quiet.fold().await;
    assert_eq!(quiet.unfolded().await, 0);
    quiet.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_say_what_became_of_each_task() {
    let (process, app, metrics) = measured(&[]).await;
    let read = |metric: &str, task: &str| {
        let name = format!("minicrm_background_{metric}{{task=\"{task}\"}}");
        value(&page(metrics), &name)
    };
    // Those that wait are there, too.
    for task in [
        "fold_count_deltas",
        "index_lead_texts",
        "idempotency_retention",
        "orphan_scan",
        "read_db_gauges",
        "remove_closed_organizations",
        "session_retention",
        "verify_counts",
        "write_denials",
    ] {
        assert_eq!(read("errors_total", task), Some(0.0), "{task}");
    }
    let last = "last_success_timestamp_seconds";
    assert_eq!(read(last, "verify_counts"), Some(0.0));
    until("it ran twice", async || {
        read(last, "index_lead_texts") >= Some(1.0e9)
            && read("duration_seconds_count", "index_lead_texts") >= Some(2.0)
    })
    .await;

    app.execute("ALTER FUNCTION index_new_texts RENAME TO gone")
        .await;
    until("it fails", async || {
        read("errors_total", "index_lead_texts") != Some(0.0)
    })
    .await;
    let (run, success) = ("last_run_timestamp_seconds", last);
    assert!(read(run, "index_lead_texts") > read(success, "index_lead_texts"));
    app.execute("ALTER FUNCTION gone RENAME TO index_new_texts")
        .await;
    until("it succeeds again", async || {
        read(run, "index_lead_texts") <= read(success, "index_lead_texts")
    })
    .await;
    assert!(process.terminate().await.success());
}
