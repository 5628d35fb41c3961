//! Figures of all organizations together that only the database knows. They are
//! gathered every now and then, one organization after the other, so that a
//! metrics page costs the database nothing.

mod store;

use std::time::Duration;

use super::{
    config::Telemetry,
    metrics::{self, Figures},
};
use crate::{
    error::Result,
    platform::db::{Db, Scope},
    verify,
};

/// Gathers figures as the settings say, for ever; none if there are no settings.
pub async fn keep(db: &Db, settings: Option<Telemetry>) {
    if let Some(settings) = settings {
        let interval = Duration::from_secs(settings.metrics_interval_seconds);
        let verified = Duration::from_secs(settings.verify_interval_seconds);
        tokio::join!(keep_gathered(db, interval), keep_verified(db, verified));
    }
}

/// Gathers backlog and loads at this interval, for ever.
async fn keep_gathered(db: &Db, interval: Duration) {
    loop {
        match gather(db).await {
            Ok(figures) => metrics::set_figures(&figures),
            Err(error) => tracing::warn!(error = error.chain(), "no figures for the metrics"),
        }
        tokio::time::sleep(interval).await;
    }
}

async fn gather(db: &Db) -> Result<Figures> {
    let mut all = Figures::default();
    for organization_id in db.organizations().await? {
        let figures = db
            .read(Scope::Organization(organization_id), async |conn| {
                store::figures(conn, organization_id).await
            })
            .await?;
        all.backlog += figures.backlog;
        all.oldest_seconds = all.oldest_seconds.max(figures.oldest_seconds);
        all.load += figures.load;
        all.limit += figures.limit;
        all.at_limit += figures.at_limit;
        all.unfolded += figures.unfolded;
    }
    Ok(all)
}

/// Compares counts with the rows at this interval, for ever; never, if it is zero.
async fn keep_verified(db: &Db, interval: Duration) {
    while !interval.is_zero() {
        tokio::time::sleep(interval).await;
        match verify::drift(db).await {
            Ok(counts) => metrics::set_drift(counts),
            Err(error) => tracing::warn!(error = error.chain(), "counts were not verified"),
        }
    }
}
