//! What can go wrong with the private Postgres, told so that a person knows what to do next.
//! Every advice in here must name a setting or a command that exists.

use std::io;
use std::path::PathBuf;

use super::limits::START_LIMIT;

/// Why there is no server. The messages are for a person at a terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another service holds the data directory.
    #[error(
        "the data directory {0} is in use by another minicrm; stop it, or choose another with MINICRM_DATA_DIR"
    )]
    InUse(PathBuf),
    /// Others could change what is in the data directory, or already have.
    #[error(
        "the data directory {0} cannot be trusted: {1}; mend that, or choose another with MINICRM_DATA_DIR"
    )]
    Exposed(PathBuf, io::Error),
    /// The server has not stopped in time.
    #[error(
        "the PostgreSQL server in {0} is still running although it was told to stop; see postgres.log there"
    )]
    StillRunning(PathBuf),
    /// Somebody has started a server on the cluster by hand.
    #[error("another PostgreSQL server, process {pid}, runs on {dir}; stop it first")]
    ForeignServer {
        /// The cluster.
        dir: PathBuf,
        /// The server's process.
        pid: u32,
    },
    /// There are no server binaries.
    #[error(
        "PostgreSQL is not installed; install it (on Debian and Ubuntu: sudo apt-get install postgresql), \
         or set MINICRM_DATABASE_URL to use a server that runs already"
    )]
    NotInstalled,
    /// There are no server binaries where the settings say.
    #[error(
        "{0} does not hold the PostgreSQL server binaries initdb and postgres (MINICRM_PG_BIN_DIR)"
    )]
    BinDir(PathBuf),
    /// The binaries do not fit the cluster.
    #[error(
        "the cluster in {dir} was made by PostgreSQL {cluster}, but the one installed is {binaries}; install \
         PostgreSQL {cluster}, or choose another directory with MINICRM_DATA_DIR"
    )]
    Version {
        /// The data directory.
        dir: PathBuf,
        /// The cluster's major version.
        cluster: u32,
        /// That of the binaries.
        binaries: u32,
    },
    /// The server's user may not go where the data is.
    #[error(
        "PostgreSQL does not run as root, and the user {user} it runs as instead cannot reach {dir}, because \
         {blocked} is closed to it; choose another directory with MINICRM_DATA_DIR"
    )]
    Unreachable {
        /// Where it has to go.
        dir: PathBuf,
        /// Where it cannot pass.
        blocked: PathBuf,
        /// Its name, or number.
        user: String,
    },
    /// A program has failed.
    #[error("{command} failed:\n{output}")]
    Failed {
        /// The program.
        command: String,
        /// What it said.
        output: String,
    },
    /// The server has ended by itself.
    #[error("PostgreSQL ended by itself; the last lines of {log}:\n{tail}")]
    Ended {
        /// Its log.
        log: PathBuf,
        /// The end of that.
        tail: String,
    },
    /// The server does not become ready.
    #[error("PostgreSQL was not ready after {} seconds; the last lines of {log}:\n{tail}", START_LIMIT.as_secs())]
    NotReady {
        /// Its log.
        log: PathBuf,
        /// The end of that.
        tail: String,
    },
    /// The operating system refused something.
    #[error("cannot {action} {path}: {reason}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What it said.
        reason: io::Error,
    },
}

impl Error {
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>, reason: io::Error) -> Self {
        Self::Io {
            action,
            path: path.into(),
            reason,
        }
    }
}
