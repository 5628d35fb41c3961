//! Brings the database to the schema of this binary. Several processes may do
//! so at once: one does it, the others wait for it.

use diesel::{
    Connection, RunQueryDsl,
    connection::SimpleConnection,
    dsl::sql,
    migration::MigrationSource,
    pg::Pg,
    sql_types::{Bool, Text},
};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio::runtime::Handle;

use crate::{
    db::{Conn, Connector},
    error::{Error, Result},
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();
/// Makes the role that the service acts as, and grants it what it lacks.
const ROLE: &str = include_str!("role.sql");
/// How often to try to make the lock's table, while others do the same.
const MAX_ATTEMPTS: u32 = 20;

/// Whoever waits longer for a lock tries again: it must be possible to stop.
const SESSION: &str = "SET lock_timeout = '5s'";

type BlockingConn = AsyncConnectionWrapper<Conn>;

/// Runs the migrations that the database lacks; returns how many.
pub async fn run(url: &str) -> Result<usize> {
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || run_locked(&url))
        .await
        .map_err(Error::internal)?
}

/// Undoes all migrations; for the test that they can be undone.
pub async fn revert_all(url: &str) -> Result<()> {
    let url = url.to_owned();
    let revert = move || {
        let mut conn = connect(&url)?;
        conn.revert_all_migrations(MIGRATIONS)
            .map_err(Error::internal)?;
        Ok(())
    };
    tokio::task::spawn_blocking(revert)
        .await
        .map_err(Error::internal)?
}

/// Holds the lock's row on one connection while another migrates: a row lock,
/// unlike an advisory one, is the same behind every pooler and database.
fn run_locked(url: &str) -> Result<usize> {
    let mut lock = connect(url)?;
    let may = sql::<Bool>("SELECT has_schema_privilege('public', 'CREATE')");
    if !may.get_result(&mut lock)? {
        return check(&mut lock).map(|()| 0);
    }
    make_lock(&mut lock)?;
    lock.transaction(|lock| {
        diesel::sql_query("SELECT FROM migration_lock FOR UPDATE").execute(lock)?;
        let mut conn = connect(url)?;
        let done = conn
            .run_pending_migrations(MIGRATIONS)
            .map_err(Error::internal)?
            .len();
        conn.batch_execute(ROLE)?;
        Ok(done)
    })
}

/// Who may not migrate can still use what somebody else has migrated.
fn check(conn: &mut BlockingConn) -> Result<()> {
    let applied = sql::<Text>("SELECT version FROM __diesel_schema_migrations");
    let applied: Vec<String> = applied.load(conn).map_err(Error::unavailable)?;
    let wanted = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(Error::internal)?;
    let lacks = |version: &String| !applied.contains(version);
    match wanted
        .iter()
        .map(|one| one.name().version().to_string())
        .find(lacks)
    {
        None => Ok(()),
        Some(version) => Err(Error::unavailable(format!(
            "migration {version} is missing, and this login may not migrate"
        ))),
    }
}

fn connect(url: &str) -> Result<BlockingConn> {
    let connector = Connector::new(url)?;
    let conn = Handle::current().block_on(connector.connect());
    let mut conn = BlockingConn::from(conn.map_err(Error::unavailable)?);
    conn.batch_execute(SESSION)?;
    Ok(conn)
}

/// `CREATE TABLE IF NOT EXISTS` fails when two sessions run it at once, and
/// succeeds the next time.
fn make_lock(conn: &mut BlockingConn) -> Result<()> {
    let mut attempt = 1;
    loop {
        let made = conn.batch_execute(
            "CREATE TABLE IF NOT EXISTS migration_lock (id integer PRIMARY KEY CHECK (id = 1));
             INSERT INTO migration_lock VALUES (1) ON CONFLICT DO NOTHING",
        );
        match made {
            Ok(()) => return Ok(()),
            Err(error) if attempt == MAX_ATTEMPTS => return Err(error.into()),
            Err(_) => attempt += 1,
        }
    }
}
