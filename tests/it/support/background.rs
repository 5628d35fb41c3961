//! Servers of tests, with the same background tasks as those that `main` starts.

use std::{sync::Arc, time::Duration};

use minicrm::{
    app::{App as Shared, Settings},
    background, fold_counts,
    platform::db::Db,
    server::{self, ServerOptions},
};
use tokio::{net::TcpListener, sync::watch};
use tonic::transport::Endpoint;

use super::{App, cluster};

/// What folds counts, for tests that need some that are not folded.
pub const FOLDING: [&str; 2] = [FOLD, SCAN];
/// What uses the database though nobody calls.
pub const EVERYTHING: [&str; 6] = [
    FOLD,
    SCAN,
    "index_lead_texts",
    "idempotency_retention",
    "session_retention",
    "remove_closed_organizations",
];

const FOLD: &str = "fold_count_deltas";
const SCAN: &str = "orphan_scan";
const NOTICE: &str = "notice_revocations";

impl App {
    /// A server on this database. It notices what other processes revoke, unless told for how
    /// long it believes what it knows.
    pub async fn made_with(database_url: String, settings: Settings) -> Self {
        Self::holding_back(database_url, settings, &[]).await
    }

    /// The same, but nothing does these tasks unless the test asks for them.
    pub async fn holding_back(database_url: String, settings: Settings, tasks: &[&str]) -> Self {
        let url = cluster::served(&database_url);
        let notices = settings.identity_cache_ttl.is_none();
        let shared = Arc::new(Shared::new(&url, settings).unwrap());
        shared.prepare(&url).await.unwrap();
        let driver = background::driver(&shared, background::Options::default());
        let handle = driver.handle();
        for task in tasks {
            assert!(handle.names().any(|name| name == *task), "{task}");
            handle.hold_back(task);
        }
        if !notices {
            handle.hold_back(NOTICE);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            let options = ServerOptions {
                listener,
                tls: None,
                health: None,
                pause: Duration::ZERO,
                drain: Duration::from_secs(1),
            };
            tokio::select! {
                served = server::serve(options, shared, stopped) => served.unwrap(),
                () = driver.run() => {}
            }
        });
        let endpoint = Endpoint::try_from(format!("http://{address}")).unwrap();
        let channel = endpoint.connect().await.unwrap();
        Self {
            address: Some(address),
            background: Some(handle),
            stop: Some(Arc::new(stop)),
            ..Self::at(channel, database_url)
        }
    }

    /// Folds what was counted into the rollups, whoever counted it.
    pub async fn fold(&self) {
        if let Some(background) = &self.background {
            for task in [SCAN, FOLD] {
                background.run_now(task).await.unwrap();
            }
            return;
        }
        // The server is another process.
        let url = cluster::served(&self.database_url);
        let db = Db::new(&url, 1, Duration::from_secs(5)).unwrap();
        for organization_id in db.organizations().await.unwrap() {
            fold_counts(&db, organization_id).await.unwrap();
        }
    }
}
