//! The list of what happened in a transaction: begun anew with each attempt, and never
//! committed unwritten.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use minicrm::{
    Change, call::DEVELOPMENT_ORGANIZATION as ORGANIZATION, error::Error, ids::LeadId,
    platform::db::Db,
};

use crate::support::App;

const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Mutant: a list that lives as long as the call.
#[tokio::test]
async fn what_is_done_again_is_recorded_once() {
    let app = App::start().await;
    let db = Db::new(&app.database_url, 1, LOCK_TIMEOUT).unwrap();
    let (id, attempts) = (LeadId::generate(), AtomicUsize::new(0));
    let (id, attempts) = (&id, &attempts);
    let recorded = db
        .transaction(ORGANIZATION, async |tx| {
            tx.record(Change::LeadUpdated(*id));
            if attempts.fetch_add(1, Ordering::Relaxed) < 2 {
                return Err(Error::Conflict);
            }
            Ok(tx.take_changes())
        })
        .await
        .unwrap();
    assert_eq!(attempts.load(Ordering::Relaxed), 3);
    assert_eq!(recorded, [Change::LeadUpdated(*id)]);
    db.close();
}

/// Mutant: a transaction that commits whatever is left on its list.
#[tokio::test]
async fn nothing_happens_that_nobody_writes_down() {
    let app = App::start().await;
    let db = Db::new(&app.database_url, 1, LOCK_TIMEOUT).unwrap();
    let id = &LeadId::generate();
    let committed = db
        .transaction(ORGANIZATION, async |tx| {
            tx.record(Change::LeadUpdated(*id));
            Ok(())
        })
        .await;
    assert!(
        matches!(committed, Err(Error::Internal { .. })),
        "{committed:?}"
    );
    db.close();
}
