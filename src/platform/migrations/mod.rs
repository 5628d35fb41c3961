//! Brings the database to the schema of this binary. Several processes may do
//! so at once: one does it, the others wait for it.
//!
//! What has been applied is frozen: its hash is kept beside its version, and a database
//! whose hashes are not this binary's is refused. It may have migrations that this binary
//! does not know: while a new version is rolled out, the one before starts on its schema.

mod embedded;
mod examine;
mod status;

use diesel::{
    Connection, RunQueryDsl,
    connection::SimpleConnection,
    dsl::sql,
    migration::Migration,
    pg::Pg,
    sql_query,
    sql_types::{Bool, Text},
};
use diesel_migrations::MigrationHarness;
pub use embedded::hash;
use embedded::{BlockingConn, MIGRATIONS, embedded_hash};
use examine::{examine, warn};
use status::Database;
pub use status::{State, Status};
use tokio::runtime::Handle;

use crate::{
    error::{Cause, Error, Result},
    platform::db::Connector,
};

/// Makes the role that the service acts as, and grants it what it lacks.
const ROLE: &str = include_str!("role.sql");
/// How often to try to make the lock's table, while others do the same.
const MAX_ATTEMPTS: u32 = 20;

/// Whoever waits longer for a lock tries again: it must be possible to stop.
const SESSION: &str = "SET lock_timeout = '5s'";

/// Runs the migrations that the database lacks; returns how many. A database that is not
/// fit for them is refused before anything is made in it.
pub async fn run(url: &str) -> Result<usize> {
    blocking(url, run_locked).await
}

/// What the database has of each migration, in their order. Changes nothing.
pub async fn status(url: &str) -> Result<Vec<Status>> {
    blocking(url, |url| {
        let mut conn = connect(url)?;
        Database::read(&mut conn)?.statuses()
    })
    .await
}

/// Undoes the last `count` migrations, all or none of them. Refuses while a service is
/// connected: it could not live without what is undone.
pub async fn undo(url: &str, count: usize) -> Result<()> {
    blocking(url, move |url| undo_locked(url, count)).await
}

async fn blocking<T: Send + 'static>(
    url: &str,
    work: impl FnOnce(&str) -> Result<T> + Send + 'static,
) -> Result<T> {
    let target = Connector::new(url)?.target();
    let url = url.to_owned();
    let outcome = tokio::task::spawn_blocking(move || work(&url)).await;
    match outcome.map_err(Error::internal)? {
        Err(Error::Refused(why)) => Err(Error::Refused(format!("{target}: {why}"))),
        outcome => outcome,
    }
}

/// Holds the lock's row on one connection while another migrates: a row lock,
/// unlike an advisory one, is the same behind every pooler and database.
fn run_locked(url: &str) -> Result<usize> {
    let mut lock = connect(url)?;
    examine(&mut lock)?;
    let done = if may_migrate(&mut lock)? {
        make_lock(&mut lock)?;
        lock.transaction(|lock| {
            take_lock(lock)?;
            migrate(&mut connect(url)?)
        })?
    } else {
        check(&mut lock)?;
        0
    };
    warn(&mut lock)?;
    Ok(done)
}

fn migrate(conn: &mut BlockingConn) -> Result<usize> {
    // Again: others may have been at it until now.
    let found = examine(conn)?;
    let pending = found.pending()?;
    // It makes the table that they are recorded in.
    conn.applied_migrations().map_err(failed)?;
    let recording = sql::<Bool>(
        "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class
         WHERE oid = '__diesel_schema_migrations'::regclass",
    )
    .get_result(conn)?;
    if recording && !found.keeps_hashes {
        conn.batch_execute("ALTER TABLE __diesel_schema_migrations ADD COLUMN hash text")?;
    }
    for migration in &pending {
        conn.transaction(|conn| {
            conn.run_migration(migration).map_err(failed)?;
            record(conn, &**migration)
        })?;
    }
    // Those of before there were any hashes.
    if recording {
        for migration in found.without_hash()? {
            record(conn, &*migration)?;
        }
    }
    conn.batch_execute(ROLE)?;
    Ok(pending.len())
}

fn record(conn: &mut BlockingConn, migration: &dyn Migration<Pg>) -> Result<()> {
    let name = migration.name();
    let hash = embedded_hash(&name.to_string())
        .ok_or_else(|| Error::internal(format!("the text of migration {name} is missing")))?;
    sql_query(
        "UPDATE __diesel_schema_migrations SET hash = $2 WHERE version = $1 AND hash IS NULL",
    )
    .bind::<Text, _>(name.version().to_string())
    .bind::<Text, _>(hash)
    .execute(conn)?;
    Ok(())
}

fn undo_locked(url: &str, count: usize) -> Result<()> {
    let mut lock = connect(url)?;
    examine(&mut lock)?;
    if !may_migrate(&mut lock)? {
        return Err(Error::refused("this login may not change the schema"));
    }
    make_lock(&mut lock)?;
    lock.transaction(|lock| {
        take_lock(lock)?;
        let mut conn = connect(url)?;
        let applied = examine(&mut conn)?.applied.len();
        if count > applied {
            let why = format!("{count} migrations cannot be undone, there are {applied}");
            return Err(Error::refused(why));
        }
        let served = sql::<Bool>(
            "SELECT EXISTS (SELECT FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'minicrm')",
        );
        if served.get_result(&mut conn)? {
            return Err(Error::refused(
                "a service is connected to it; stop it first",
            ));
        }
        conn.transaction(|conn| {
            for _ in 0..count {
                let undone = conn.revert_last_migration(MIGRATIONS).map_err(|error| {
                    Error::refused(format!("the last migration cannot be undone: {error}"))
                })?;
                tracing::info!(version = %undone, "migration undone");
            }
            Ok(())
        })
    })
}

/// Who may not migrate can still use what somebody else has migrated.
fn check(conn: &mut BlockingConn) -> Result<()> {
    match Database::read(conn)?.pending()?.first() {
        None => Ok(()),
        Some(migration) => Err(Error::unavailable(format!(
            "migration {} is missing, and this login may not migrate",
            migration.name()
        ))),
    }
}

fn may_migrate(conn: &mut BlockingConn) -> Result<bool> {
    let may = sql::<Bool>("SELECT has_schema_privilege('public', 'CREATE')");
    Ok(may.get_result(conn)?)
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

fn take_lock(conn: &mut BlockingConn) -> Result<()> {
    sql_query("SELECT FROM migration_lock FOR UPDATE").execute(conn)?;
    Ok(())
}

/// What the crate that runs migrations says of a failure.
fn failed(cause: Cause) -> Error {
    Error::internal(cause)
}
