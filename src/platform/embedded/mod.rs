//! A private Postgres for development and tests, run from the server binaries of the system.
//! It must never outlive the service, never be reachable by other users, and never touch another cluster.
//!
//! The data directory holds `cluster` (what `initdb` makes), `run` (the socket), `postgres.log`
//! and what it was before, and two lock files. Nobody else may write to it.

mod account;
mod binaries;
mod cluster;
mod error;
mod limits;
mod log;
mod program;
mod socket;
mod supervisor;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use account::Account;
use binaries::Binaries;
use cluster::DataDir;
pub use error::Error;
use socket::SocketDir;
use supervisor::Supervisor;

/// What to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the cluster lives and persists. Created if absent.
    pub data_dir: PathBuf,
    /// For tests: trades safety against power failure for speed, and throws the
    /// data away at the end.
    pub ephemeral: bool,
    /// The directory of the server binaries, instead of looking for them.
    pub bin_dir: Option<PathBuf>,
    /// Whether missing binaries may be installed with `apt-get`, which takes root.
    pub install: bool,
    /// Further settings of the server, which win over those given here.
    pub settings: Vec<(String, String)>,
}

/// A running server. It stops when this is dropped; [`Postgres::stop`] also waits for that.
#[derive(Debug)]
pub struct Postgres {
    supervisor: Supervisor,
    data_dir: DataDir,
    socket_dir: SocketDir,
}

impl Postgres {
    /// Starts the server, with a cluster and a database `minicrm` made first if they are not there.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let data_dir = DataDir::open(&options.data_dir)?;
        data_dir.wait_for_previous().await?;
        let version = data_dir.version()?;
        let binaries = match Binaries::find(options.bin_dir.as_deref(), version).await {
            Err(Error::NotInstalled) if options.install && account::is_root() => {
                binaries::install().await?;
                Binaries::find(None, version).await?
            }
            found => found?,
        };
        if let Some(cluster) = version
            && cluster != binaries.major
        {
            return Err(Error::Version {
                dir: data_dir.root().into(),
                cluster,
                binaries: binaries.major,
            });
        }
        let account = Account::find(&data_dir.cluster()).await?;
        account.check_reach(data_dir.root()).await?;
        if version.is_none() {
            data_dir
                .init(&account, &binaries, options.ephemeral)
                .await?;
        }
        let mut settings = settings(&data_dir.cluster(), options.ephemeral, &options.settings);
        data_dir
            .create_database(&account, &binaries, &settings)
            .await?;
        let socket_dir = SocketDir::create(data_dir.root(), &account).await?;
        settings.extend(["-c".into(), socket_dir.setting()]);
        let mut supervisor =
            Supervisor::spawn(&data_dir, &account, &binaries, &settings, options.ephemeral)?;
        supervisor.wait_until_ready(&data_dir.cluster()).await?;
        tracing::info!(data_dir = %data_dir.root().display(), "PostgreSQL is ready");
        Ok(Self {
            supervisor,
            data_dir,
            socket_dir,
        })
    }

    /// The address of a database, for tokio-postgres and other clients that take a socket directory as host.
    pub fn url(&self, database: &str) -> String {
        self.socket_dir.url(database)
    }

    /// Waits until the server ends by itself, which it never should.
    pub async fn ended(&mut self) -> Error {
        self.supervisor.ended_by_itself().await
    }

    /// Shuts the server down, which ends its clients' connections, and waits until it has stopped.
    pub async fn stop(self) -> Result<(), Error> {
        let stopped = self.supervisor.stop(&self.data_dir).await;
        self.socket_dir.remove();
        stopped
    }
}

/// The default data directory: `minicrm` below `$XDG_DATA_HOME` or `~/.local/share`.
/// For root `/var/lib/minicrm`, because the user that Postgres runs as cannot look into root's home.
pub fn default_data_dir() -> PathBuf {
    if account::is_root() {
        return "/var/lib/minicrm".into();
    }
    let data_home = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute());
    data_home
        .unwrap_or_else(|| {
            std::env::home_dir()
                .unwrap_or_default()
                .join(".local/share")
        })
        .join("minicrm")
}

/// The server's settings, all on its command line: the cluster keeps the configuration files
/// of `initdb`, and a new version of the service changes the settings of an old cluster.
fn settings(cluster: &Path, ephemeral: bool, more: &[(String, String)]) -> Vec<OsString> {
    const ALWAYS: &[&str] = &[
        "listen_addresses=",
        "port=5432",
        "unix_socket_permissions=0700",
        "max_connections=200",
        "timezone=UTC",
        "log_timezone=UTC",
        // Details and statements can hold personal data.
        "log_error_verbosity=terse",
        "log_min_error_statement=panic",
    ];
    const FAST: &[&str] = &[
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "autovacuum=off",
        "wal_level=minimal",
        "max_wal_senders=0",
    ];
    let fast = if ephemeral { FAST } else { &[] };
    let mut arguments = vec!["-D".into(), cluster.into()];
    for setting in ALWAYS.iter().chain(fast) {
        arguments.extend(["-c".into(), setting.into()]);
    }
    for (name, value) in more {
        arguments.extend(["-c".into(), format!("{name}={value}").into()]);
    }
    arguments
}
