//! Whether a database is one that this binary may use.

use diesel::{
    QueryableByName, RunQueryDsl,
    dsl::sql,
    sql_query,
    sql_types::{Bool, Text},
};

use super::{
    embedded::BlockingConn,
    status::{Database, State},
};
use crate::error::{Error, Result};

/// Tables and the like in `public` that are of no extension and not what a first start makes.
const RELATIONS: &str = include_str!("relations.sql");

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// What the database says of migrations; an error if it must not be used. Makes nothing.
pub(super) fn examine(conn: &mut BlockingConn) -> Result<Database> {
    let encoding: String =
        sql::<Text>("SELECT current_setting('server_encoding')").get_result(conn)?;
    if encoding != "UTF8" {
        let why = format!("its encoding is {encoding}, and must be UTF8");
        return Err(Error::refused(why));
    }
    let public = sql::<Bool>("SELECT current_schema() IS NOT DISTINCT FROM 'public'");
    if !public.get_result(conn)? {
        return Err(Error::refused(
            "the schema that this login finds first (search_path) is not `public`",
        ));
    }
    // Before what is known of migrations: a process that starts at the same time makes tables
    // and says so at once, and they are ours if that is read after them.
    let others: Vec<Name> = sql_query(RELATIONS).load(conn)?;
    let found = Database::read(conn)?;
    let statuses = found.statuses()?;
    let of = |state| statuses.iter().filter(move |status| status.state == state);
    if let Some(other) = of(State::Differs).next() {
        return Err(Error::refused(format!(
            "migration {} was applied with another text than this version of minicrm has",
            other.name
        )));
    }
    if of(State::Applied).next().is_none()
        && (!others.is_empty() || of(State::Unknown).next().is_some())
    {
        let names: Vec<_> = others.iter().map(|other| other.name.as_str()).collect();
        return Err(Error::refused(format!(
            "it belongs to another application, with tables like {}; give minicrm one of its own",
            names.join(", ")
        )));
    }
    if of(State::Unknown).next().is_some() {
        tracing::info!("database schema newer than this version");
    }
    Ok(found)
}

/// Says what the database would better have, but can do without.
pub(super) fn warn(conn: &mut BlockingConn) -> Result<()> {
    let knows_letters = sql::<Bool>("SELECT lower(U&'\\00C4\\0416') = U&'\\00E4\\0436'");
    if !knows_letters.get_result(conn)? {
        tracing::warn!(
            "the locale of the database knows no letters but a to z: searches take others in upper \
             and lower case for different ones; make it anew with LC_CTYPE C.UTF-8"
        );
    }
    let temporary = sql::<Bool>("SELECT has_database_privilege(current_database(), 'TEMPORARY')
        AND NOT (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database())");
    if temporary.get_result(conn)? {
        tracing::warn!(
            "this login may make temporary tables and types, which the service does not need: let the \
             database's owner REVOKE TEMPORARY ON DATABASE … FROM PUBLIC, as deploy/roles.sql does"
        );
    }
    Ok(())
}
