//! Every setting, its flag, its environment variable and its default.

mod environment;
mod users;

use std::path::PathBuf;

pub use users::Users;

use clap::{Args, Parser, Subcommand};
use phonenumber::country;

use crate::{
    auth::config::Authentication,
    call::DEVELOPMENT_ORGANIZATION,
    ids::OrganizationId,
    organizations::config::Organizations,
    platform::{
        Address,
        ingress::config::Edge,
        telemetry::config::{LogFormat, Telemetry},
    },
};

/// Takes in customer enquiries over gRPC and hands each one to an operator, by
/// weight and within limits.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Config {
    /// What to do; `serve` if nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Settings of the server.
    #[command(flatten, next_help_heading = "Server")]
    pub serve: Serve,

    /// Settings of connections, TLS, limits and load shedding.
    #[command(flatten, next_help_heading = "Connections, limits and TLS")]
    pub edge: Edge,

    /// Settings of authentication.
    #[command(flatten, next_help_heading = "Authentication and mails")]
    pub authentication: Authentication,

    /// Settings of organizations.
    #[command(flatten, next_help_heading = "Organizations")]
    pub organizations: Organizations,

    /// Settings of the database.
    #[command(flatten, next_help_heading = "Database")]
    pub database: Database,

    /// Settings of what the service says of itself.
    #[command(flatten, next_help_heading = "Metrics and traces")]
    pub telemetry: Telemetry,

    /// What to log: a level, or directives like `info,minicrm=debug`.
    #[arg(
        long,
        global = true,
        env = "RUST_LOG",
        default_value = "info",
        help_heading = "Logs",
        value_name = "FILTER"
    )]
    pub log: String,

    /// How to write logs, to standard error.
    #[arg(
        long,
        global = true,
        env = "MINICRM_LOG_FORMAT",
        default_value = "text",
        help_heading = "Logs"
    )]
    pub log_format: LogFormat,
}

/// What the binary can do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Runs the service; migrates the database first.
    Serve,
    /// Brings the database to the schema of this version, and ends.
    Migrate {
        /// Prints instead what the database has of each migration: `applied`, `pending`,
        /// `unknown` (a newer version has applied it) or `differs` (it was applied with
        /// another text). Exit code 0 if it has all of them as they are, 1 if not.
        #[arg(long, conflicts_with = "down")]
        status: bool,
        /// Undoes instead the last migrations, as many, and drops what they have made with
        /// all that is in it. Refuses while a service is connected.
        #[arg(
            long,
            value_parser = clap::value_parser!(u16).range(1..),
            value_name = "COUNT"
        )]
        down: Option<u16>,
    },
    /// Compares loads and statistics with the contacts and leads there are, and
    /// prints every count that is wrong: ids, and what has to be added. Exit
    /// code 0 if all are right, 1 if not. The service may run meanwhile.
    Verify {
        /// Corrects them; the exit code is then 0.
        #[arg(long)]
        repair: bool,
    },
    /// Makes, verifies, resets and lists users, in the database itself. Where nobody
    /// may register, so the first owner of an organization comes to be.
    #[command(subcommand)]
    Users(Users),
    /// Asks the service whether it is serving, at the address for health checks if
    /// there is one, else at the listen address; exit code 0 if so, 1 if not.
    Healthcheck {
        /// A service like `minicrm.v1.ContactService`, or `liveness`, which serves
        /// as long as the process lives. Without it, all of them.
        #[arg(long, default_value = "", value_name = "NAME")]
        service: String,
    },
}

/// Settings of the server.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address or name to listen on. Without authentication, loopback only.
    #[arg(
        long,
        global = true,
        env = "MINICRM_LISTEN",
        default_value = "127.0.0.1:50051",
        value_name = "ADDRESS"
    )]
    pub listen: Address,

    /// Organizations served without authentication, separated by commas. A call
    /// names one in `x-organization-id`; calls that name none belong to the first.
    /// They are created if they are missing.
    #[arg(
        long,
        global = true,
        env = "MINICRM_ORGANIZATIONS",
        value_delimiter = ',',
        value_parser = organization_id,
        default_values_t = [DEVELOPMENT_ORGANIZATION],
        value_name = "IDS"
    )]
    pub organizations: Vec<OrganizationId>,

    /// Region whose national phone numbers are understood, as an ISO 3166 code
    /// like `DE`. Without it, numbers must be given in international form.
    #[arg(
        long,
        global = true,
        env = "MINICRM_PHONE_REGION",
        value_parser = region,
        value_name = "CODE"
    )]
    pub phone_region: Option<country::Id>,

    /// How long calls in flight may take to finish on shutdown, in seconds.
    #[arg(
        long,
        global = true,
        env = "MINICRM_DRAIN_SECONDS",
        default_value_t = 20,
        value_name = "SECONDS"
    )]
    pub drain_seconds: u64,

    /// Whether the service describes itself to whoever asks (gRPC reflection).
    #[arg(
        long,
        global = true,
        env = "MINICRM_REFLECTION",
        default_value_t = true,
        action = clap::ArgAction::Set,
        value_name = "BOOL"
    )]
    pub reflection: bool,
}

/// Settings of the database.
#[derive(Debug, Clone, Args)]
pub struct Database {
    /// Postgres to use, like `postgres://user:password@host/database`, with
    /// `?sslmode=verify-full&sslrootcert=FILE` for TLS. Without it, a private one is
    /// started and kept in the data directory. `MINICRM_DATABASE_URL_FILE` names a file
    /// with it; `DATABASE_URL` is asked next.
    #[arg(
        long,
        global = true,
        env = "MINICRM_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: Option<String>,

    /// A streaming replica of it, for lists and statistics, which are then up to ten
    /// seconds old. While it is gone or further behind, they are read from the
    /// database itself. `MINICRM_REPLICA_URL_FILE` names a file with it.
    #[arg(
        long,
        global = true,
        env = "MINICRM_REPLICA_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub replica_url: Option<String>,

    /// Connections to Postgres at most, 3 to 1000. Half of them, but at least two,
    /// are kept for batched writes and health: as many organizations are written
    /// for at a time, if batches take long, else half as many. A quarter of the others, at
    /// least one, is out of reach for any one organization. Without it, twelve per core.
    #[arg(
        long,
        global = true,
        env = "MINICRM_POOL_SIZE",
        value_parser = clap::value_parser!(u16).range(3..=1000),
        value_name = "COUNT"
    )]
    pub pool_size: Option<u16>,

    /// Directory of the private Postgres. Without it, `/var/lib/minicrm` for
    /// root, else `~/.local/share/minicrm`.
    #[arg(
        long,
        global = true,
        env = "MINICRM_DATA_DIR",
        value_name = "DIRECTORY"
    )]
    pub data_dir: Option<PathBuf>,

    /// Directory of the Postgres server programs. Without it, they are looked
    /// for with `pg_config`, on PATH and where Debian puts them.
    #[arg(
        long,
        global = true,
        env = "MINICRM_PG_BIN_DIR",
        value_name = "DIRECTORY"
    )]
    pub pg_bin_dir: Option<PathBuf>,

    /// Whether the Postgres server programs may be installed with apt-get if
    /// they are missing. Works for root only.
    #[arg(
        long,
        global = true,
        env = "MINICRM_PG_INSTALL",
        default_value_t = true,
        action = clap::ArgAction::Set,
        value_name = "BOOL"
    )]
    pub pg_install: bool,
}

fn organization_id(text: &str) -> Result<OrganizationId, uuid::Error> {
    text.parse().map(OrganizationId::from_uuid)
}

fn region(code: &str) -> Result<country::Id, &'static str> {
    code.to_ascii_uppercase()
        .parse()
        .map_err(|_| "not the code of a country")
}
