//! The Postgres that everything is measured on, and databases in it.

use std::{fs, path::PathBuf};

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::{
    platform::{
        db::Conn,
        embedded::{Options, Postgres},
        migrations,
    },
    verify,
};
use uuid::Uuid;

use crate::arguments::Arguments;

/// The databases that are made.
const DATABASES: [&str; 5] = ["service", "other", "pgbench", "small", "large"];

/// Makes the files of the write-ahead log that a server which has run for a while
/// only uses again: making one takes tens of milliseconds, for which commits wait.
const FILL_WAL: &str = "DO $$ BEGIN
    FOR n IN 1..200 LOOP
        PERFORM pg_logical_emit_message(false, '', 'x'), pg_switch_wal();
    END LOOP;
END $$";

/// A running Postgres, which waits for its disk as that of the service does.
pub struct Cluster {
    postgres: Option<Postgres>,
    /// Holds the private Postgres and what pgbench logs.
    directory: PathBuf,
    /// URL of a database that is always there.
    url: String,
}

impl Cluster {
    /// Starts a private Postgres, or takes the one that is named.
    pub async fn start(arguments: &Arguments) -> Self {
        let parent = arguments.data_dir.clone();
        let parent = parent.unwrap_or_else(std::env::temp_dir);
        let directory = parent.join(format!("minicrm-bench-{}", std::process::id()));
        fs::create_dir_all(directory.join("pgbench")).unwrap();
        let options = Options {
            data_dir: directory.join("postgres"),
            ephemeral: false,
            bin_dir: None,
            install: true,
            settings: ["min_wal_size", "max_wal_size"]
                .map(|name| (name.into(), "4GB".into()))
                .to_vec(),
        };
        let postgres = match arguments.database_url {
            Some(_) => None,
            None => Some(Postgres::start(options).await.unwrap()),
        };
        let url = match (&postgres, &arguments.database_url) {
            (Some(postgres), _) => postgres.url("minicrm"),
            (None, url) => url.clone().unwrap(),
        };
        if postgres.is_some() {
            execute(&url, FILL_WAL).await;
            execute(&url, "CHECKPOINT").await;
        }
        Self {
            postgres,
            directory,
            url,
        }
    }

    /// Makes one of the databases anew, with the schema of the service and
    /// `shape` in it.
    pub async fn create(&self, name: &str, shape: &Shape) -> String {
        assert!(DATABASES.contains(&name));
        self.remove(name).await;
        execute(&self.url, &format!("CREATE DATABASE minicrm_bench_{name}")).await;
        let (server, _) = self.url.rsplit_once('/').unwrap();
        let url = format!("{server}/minicrm_bench_{name}");
        migrations::run(&url).await.unwrap();
        shape.seed(&url).await;
        url
    }

    /// Removes a database, whoever is connected.
    async fn remove(&self, name: &str) {
        let statement = format!("DROP DATABASE IF EXISTS minicrm_bench_{name} WITH (FORCE)");
        execute(&self.url, &statement).await;
    }

    /// The first process of the private Postgres.
    pub fn postmaster(&self) -> Option<u32> {
        self.postgres.as_ref()?;
        let file = self.directory.join("postgres/cluster/postmaster.pid");
        let text = fs::read_to_string(file).ok()?;
        text.lines().next()?.parse().ok()
    }

    /// Where pgbench may write.
    pub fn scratch(&self) -> PathBuf {
        self.directory.join("pgbench")
    }

    /// Removes what was made, and stops Postgres if it is private.
    pub async fn stop(self) {
        for name in DATABASES {
            self.remove(name).await;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await.unwrap();
        }
        let _ = fs::remove_dir_all(self.directory);
    }
}

/// What is in a database at the start. Organizations, sources, operators and
/// leads are numbered; an organization has the sources that follow those of the
/// one before it, a source the operators.
#[derive(Debug, Clone)]
pub struct Shape {
    /// How many organizations.
    pub organizations: usize,
    /// How many sources, of all organizations.
    pub sources: usize,
    /// How many operators, of all sources.
    pub operators: usize,
    /// The limit of each operator.
    pub load_limit: Option<i32>,
    /// How many numbered contacts, all of them active.
    pub contacts: usize,
    /// How many other contacts, of the year before; if not said, as many as the
    /// arguments say.
    pub existing: Option<usize>,
}

impl Shape {
    /// Ten operators without limits share one source.
    pub const SMALL: Self = Self {
        organizations: 1,
        sources: 1,
        operators: 10,
        load_limit: None,
        contacts: 0,
        existing: None,
    };

    /// The ids of the organizations, separated by commas.
    pub fn organizations(&self) -> String {
        let ids: Vec<_> = (1..=self.organizations)
            .map(|n| id(n).to_string())
            .collect();
        ids.join(",")
    }

    /// The number of the organization that a source belongs to.
    pub fn organization_of(&self, source: usize) -> usize {
        (source - 1) / self.sources_per_organization() + 1
    }

    /// The number of the source that a numbered lead or contact belongs to.
    pub fn source_with(&self, number: usize) -> usize {
        (number - 1) % self.sources + 1
    }

    /// How many sources an organization has.
    pub fn sources_per_organization(&self) -> usize {
        self.sources / self.organizations
    }

    /// How many operators a source has.
    pub fn operators_per_source(&self) -> usize {
        self.operators / self.sources
    }

    async fn seed(&self, url: &str) {
        let limit = self.load_limit.map(|limit| limit.to_string());
        let shape = format!(
            "INSERT INTO bench.shape VALUES ({}, {}, {}, {}, {}, {}, {})",
            self.sources,
            self.sources_per_organization(),
            self.operators_per_source(),
            limit.as_deref().unwrap_or("NULL"),
            LEADS,
            self.contacts,
            self.existing.unwrap_or_default(),
        );
        execute(url, include_str!("sql/bench.sql")).await;
        execute(url, &shape).await;
        execute(url, include_str!("sql/seed.sql")).await;
        if self.existing.is_some() {
            execute(url, include_str!("sql/grow.sql")).await;
        }
        // Loads and statistics of what was inserted behind the service's back.
        verify::run(url, true).await.unwrap();
        execute(url, "VACUUM ANALYZE").await;
    }
}

/// How many leads there are at the start.
pub const LEADS: usize = 5000;

/// The id of the thing with this number, as `bench.id` makes it.
pub fn id(number: usize) -> Uuid {
    let id = format!("00000000-0000-7000-8000-{number:012}");
    id.parse().unwrap()
}

/// Runs SQL: statements of a transaction, or a single one.
pub async fn execute(url: &str, sql: &str) {
    let mut conn = Conn::establish(url).await.unwrap();
    conn.batch_execute(sql).await.unwrap();
}
