//! The database that a command works with: the one it is told, or a private one.

use std::{path::Path, time::Duration};

use super::outcome::Outcome;
use crate::{
    app::App,
    config::Database,
    error::Error,
    platform::{
        db::Connector,
        embedded::{self, Postgres},
        telemetry::Reminder,
    },
};

/// How long to wait before looking again for a database that is not there.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How often a private Postgres is started that has ended by itself.
const MAX_STARTS: u32 = 5;

/// A database to use, and the private Postgres it runs on, if it does.
pub struct Connection {
    pub url: String,
    private: Option<(Postgres, embedded::Options)>,
}

impl Connection {
    pub async fn open(config: &Database) -> Outcome<Self> {
        if let Some(url) = config.database_url.as_ref().filter(|url| !url.is_empty()) {
            return Ok(Self {
                url: url.clone(),
                private: None,
            });
        }
        let options = embedded::Options {
            data_dir: config
                .data_dir
                .clone()
                .unwrap_or_else(embedded::default_data_dir),
            bin_dir: config.pg_bin_dir.clone(),
            install: config.pg_install,
            ephemeral: false,
            settings: Vec::new(),
        };
        let postgres = Postgres::start(options.clone()).await?;
        Ok(Self {
            url: postgres.url("minicrm"),
            private: Some((postgres, options)),
        })
    }

    /// Where the private Postgres keeps its data.
    pub fn data_dir(&self) -> Option<&Path> {
        let (_, options) = self.private.as_ref()?;
        Some(&options.data_dir)
    }

    /// Starts the private Postgres again whenever it ends by itself. Ends only
    /// if that fails several times in a row.
    pub async fn supervise(&mut self) -> embedded::Error {
        loop {
            let Some((postgres, options)) = &mut self.private else {
                return std::future::pending().await;
            };
            let error = postgres.ended().await;
            tracing::error!(%error, "restarting Postgres");
            let options = options.clone();
            self.private = None;
            for attempt in 1.. {
                match Postgres::start(options.clone()).await {
                    Ok(postgres) => {
                        self.private = Some((postgres, options));
                        break;
                    }
                    Err(error) if attempt == MAX_STARTS => return error,
                    Err(error) => tracing::error!(%error, attempt, "Postgres failed to start"),
                }
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }

    pub async fn close(self) -> Outcome {
        if let Some((postgres, _)) = self.private {
            postgres.stop().await?;
        }
        Ok(())
    }
}

/// Prepares the database, waiting for one that is not there yet.
pub async fn prepare(url: &str, app: &App) -> Outcome {
    let database = Connector::new(url)?.target();
    let reminder = Reminder::default();
    loop {
        match app.prepare(url).await {
            Err(error @ (Error::Unavailable(_) | Error::Busy | Error::Conflict)) => {
                if reminder.is_due() {
                    tracing::warn!(database, error = error.chain(), "waiting for the database");
                }
            }
            outcome => return Ok(outcome?),
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}
