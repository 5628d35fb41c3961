//! `minicrm migrate`.

use std::io::{self, Write};

use super::{database::Connection, outcome::Outcome};
use crate::{
    config::Config,
    platform::migrations::{self, State},
};

/// Brings the database to the schema of this version, or takes the last `down` migrations
/// back.
pub async fn migrate(config: Config, down: Option<u16>) -> Outcome {
    let database = Connection::open(&config.database).await?;
    if let Some(count) = down {
        migrations::undo(&database.url, count.into()).await?;
    } else {
        let done = migrations::run(&database.url).await?;
        tracing::info!(done, "migrated");
    }
    database.close().await
}

/// Prints what the database has of each migration.
pub async fn migration_status(config: Config) -> Outcome {
    let database = Connection::open(&config.database).await?;
    let statuses = migrations::status(&database.url).await?;
    database.close().await?;
    let mut complete = true;
    for status in &statuses {
        write!(io::stdout(), "{status}")?;
        complete &= matches!(status.state, State::Applied | State::Unknown);
    }
    if complete {
        Ok(())
    } else {
        Err("the database has not all migrations of this version".into())
    }
}
