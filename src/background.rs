//! The set of background tasks: the one place that lists what the service does without being
//! called. What each of them is for, and which take a lease, is said in
//! [`platform::background`](crate::platform::background).

use std::{sync::Arc, time::Duration};

use crate::{
    access::revocations::NoticeRevocations,
    app::App,
    audit::denials::WriteDenials,
    auth::SessionRetention,
    gauges::{ReadDbGauges, VerifyCounts},
    leads::IndexLeadTexts,
    organizations::RemoveClosedOrganizations,
    platform::{
        background::{CheckReplica, Driver},
        idempotency::IdempotencyRetention,
        ingress::tls::ReloadTls,
    },
    statistics::{FoldCountDeltas, OrphanScan},
};

/// What not every server has.
#[derive(Default)]
pub struct Options {
    /// What follows the files of certificates, if there are any.
    pub reload_tls: Option<ReloadTls>,
    /// How often the gauges from the database are read, if there is a metrics page.
    pub gauges: Option<Duration>,
    /// How often counts are verified for it, if they are.
    pub verify: Option<Duration>,
}

/// A driver with all tasks of a server.
pub fn driver(app: &App, options: Options) -> Driver {
    let db = || app.db().clone();
    let dirty = || Arc::clone(app.dirty_organizations());
    #[expect(clippy::disallowed_methods, reason = "where randomness comes in")]
    let mut driver = Driver::new(db(), &mut rand::rng());

    // Counts.
    driver.add(FoldCountDeltas::new(app.db(), dirty()));
    driver.add(OrphanScan {
        db: db(),
        dirty: dirty(),
    });
    // Callers.
    driver.add(WriteDenials {
        db: db(),
        denials: Arc::clone(app.denials()),
    });
    if let Some(identities) = app.frame().identities() {
        driver.add(NoticeRevocations::new(db(), Arc::clone(identities)));
    }
    // Searches and lists.
    driver.add(IndexLeadTexts { db: db() });
    if let Some(replica) = app.replica() {
        driver.add(CheckReplica {
            primary: db(),
            replica: Arc::clone(replica),
        });
    }
    // Retention.
    driver.add(IdempotencyRetention { db: db() });
    driver.add(SessionRetention { db: db() });
    driver.add(RemoveClosedOrganizations {
        db: db(),
        retention: app.limits().retention,
    });
    // What only some servers have.
    if let Some(reload_tls) = options.reload_tls {
        driver.add(reload_tls);
    }
    if let Some(interval) = options.gauges {
        driver.add(ReadDbGauges { db: db(), interval });
    }
    if let Some(interval) = options.verify {
        driver.add(VerifyCounts { db: db(), interval });
    }
    driver
}
