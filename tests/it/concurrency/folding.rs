//! Counts are right at any moment, while what changes is folded into them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use minicrm::{
    call::DEVELOPMENT_ORGANIZATION,
    fold_counts,
    platform::db::Db,
    proto::{Contact, GetDistributionRequest, GetOverviewRequest, Source},
};
use tokio::task::JoinSet;

use super::two;
use crate::support::{App, call, contact, external, operator};

const CLIENTS: usize = 16;
const CONTACTS: usize = 25;

/// How many contacts there may be.
#[derive(Default)]
struct Progress {
    sent: AtomicI64,
    acknowledged: AtomicI64,
    done: AtomicBool,
}

/// Sends contacts one after the other, and closes each second one.
async fn send(app: App, source: Source, progress: Arc<Progress>, client: usize) {
    for n in 0..CONTACTS {
        progress.sent.fetch_add(1, SeqCst);
        let request = contact(&source, external(client * CONTACTS + n));
        let made = app.create_contact(request).await.unwrap().contact.unwrap();
        progress.acknowledged.fetch_add(1, SeqCst);
        if n % 2 == 0 {
            app.close(&made).await;
        }
    }
}

/// Asserts that all contacts are counted that were acknowledged before, and none that
/// was sent after.
async fn read(app: App, since: Contact, progress: Arc<Progress>) {
    while !progress.done.load(SeqCst) {
        let acknowledged = progress.acknowledged.load(SeqCst);
        let overview = call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
        let mut counted = vec![overview.contacts];
        for start_time in [None, since.create_time] {
            let request = GetDistributionRequest {
                start_time,
                ..Default::default()
            };
            let rows = call!(app.analytics.get_distribution(request)).unwrap().rows;
            let contacts: i64 = rows.iter().map(|row| row.contacts).sum();
            let expected: f64 = rows.iter().map(|row| row.expected).sum();
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let difference = expected - contacts as f64;
            assert!(difference.abs() < 1e-3, "{expected} of {contacts}");
            counted.push(contacts);
        }
        let sent = progress.sent.load(SeqCst);
        for contacts in counted {
            let right = (acknowledged..=sent).contains(&contacts);
            assert!(right, "{contacts}, not {acknowledged} to {sent}");
        }
    }
}

async fn fold(url: String, progress: Arc<Progress>) {
    let db = Db::new(&url, 1, Duration::from_secs(5)).unwrap();
    while !progress.done.load(SeqCst) {
        fold_counts(&db, DEVELOPMENT_ORGANIZATION).await.unwrap();
    }
}

/// Mutants: changes taken in one transaction and added in another; changes read first
/// and deleted by their ids later; readers that leave out the changes.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_counted_once_while_two_fold() {
    let apps = two().await;
    let app = &apps[0];
    let [ann, bob] = ["Ann", "Bob"].map(|name| app.operator(operator(name)));
    let (ann, bob) = (ann.await, bob.await);
    let source = app.source("bot", &[(&ann, 1), (&bob, 2)]).await;
    let first = app.contact(&source).await;
    let progress = Arc::new(Progress::default());
    progress.sent.store(1, SeqCst);
    progress.acknowledged.store(1, SeqCst);

    let (mut clients, mut others) = (JoinSet::new(), JoinSet::new());
    for client in 0..CLIENTS {
        let app = apps[client % 2].clone();
        clients.spawn(send(app, source.clone(), Arc::clone(&progress), client));
    }
    for app in &apps {
        others.spawn(read(app.clone(), first.clone(), Arc::clone(&progress)));
        others.spawn(fold(app.database_url.clone(), Arc::clone(&progress)));
    }
    clients.join_all().await;
    app.assert_invariants().await;
    progress.done.store(true, SeqCst);
    others.join_all().await;
    app.fold().await;
    app.assert_invariants().await;
}

/// More than a transaction takes, and the oldest of it comes to nothing. Mutants: one
/// transaction only; it goes on as long as rollups have changed.
#[tokio::test]
async fn none_is_left() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let changes = format!(
        "INSERT INTO contact_count_changes
         SELECT '{DEVELOPMENT_ORGANIZATION}', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
                ARRAY['{}'::uuid], ARRAY[date_trunc('hour', now(), 'UTC')], ARRAY['{}'::uuid],
                ARRAY[NULL::uuid], ARRAY['NEW'], ARRAY[CASE n % 2 WHEN 0 THEN 1 ELSE -1 END]
         FROM generate_series(1, 1200) AS n",
        source.id, ann.id
    );
    app.execute(&changes).await;
    app.contact(&source).await;
    app.fold().await;
    assert_eq!(app.unfolded().await, 0);
    app.assert_invariants().await;
}
