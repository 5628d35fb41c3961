//! Which migrations a database has, and whether they are those of this binary.

use std::fmt;

use diesel::{
    QueryableByName, RunQueryDsl,
    dsl::sql,
    migration::Migration,
    pg::Pg,
    sql_query,
    sql_types::{Bool, Nullable, Text},
};

use super::embedded::{BlockingConn, embedded, embedded_hash};
use crate::error::Result;

/// What a database has of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is as in this binary.
    Applied,
    /// It was applied with another text than this binary has.
    Differs,
    /// This binary does not know it: a newer one has applied it.
    Unknown,
    /// It is missing.
    Pending,
}

/// A migration, and what a database has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The name of its folder; the version alone, if this binary does not know it.
    pub name: String,
    /// What the database has of it.
    pub state: State,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Applied => "applied",
            State::Differs => "differs",
            State::Unknown => "unknown",
            State::Pending => "pending",
        };
        writeln!(f, "{state}  {}", self.name)
    }
}

/// An applied migration.
#[derive(Debug, QueryableByName)]
pub(super) struct Applied {
    #[diesel(sql_type = Text)]
    pub version: String,
    /// Databases of before there were hashes have none.
    #[diesel(sql_type = Nullable<Text>)]
    hash: Option<String>,
}

/// What a database says of migrations.
pub(super) struct Database {
    /// Whether it has a place for hashes.
    pub keeps_hashes: bool,
    pub applied: Vec<Applied>,
}

impl Database {
    pub(super) fn read(conn: &mut BlockingConn) -> Result<Self> {
        let there =
            sql::<Bool>("SELECT to_regclass('public.__diesel_schema_migrations') IS NOT NULL");
        if !there.get_result(conn)? {
            return Ok(Self {
                keeps_hashes: false,
                applied: Vec::new(),
            });
        }
        let keeps = sql::<Bool>(
            "SELECT EXISTS (SELECT FROM pg_attribute
                 WHERE attrelid = 'public.__diesel_schema_migrations'::regclass
                   AND attname = 'hash' AND NOT attisdropped)",
        );
        // This way it may lack the column.
        let applied = sql_query(
            "SELECT version::text, to_jsonb(m) ->> 'hash' AS hash
             FROM public.__diesel_schema_migrations AS m ORDER BY version",
        );
        Ok(Self {
            keeps_hashes: keeps.get_result(conn)?,
            applied: applied.load(conn)?,
        })
    }

    fn find(&self, migration: &dyn Migration<Pg>) -> Option<&Applied> {
        let version = migration.name().version().to_string();
        self.applied
            .iter()
            .find(|applied| applied.version == version)
    }

    fn embedded(
        &self,
        wanted: impl Fn(Option<&Applied>) -> bool,
    ) -> Result<Vec<Box<dyn Migration<Pg>>>> {
        let mut all = embedded()?;
        all.retain(|migration| wanted(self.find(&**migration)));
        Ok(all)
    }

    /// Those of this binary that it lacks.
    pub(super) fn pending(&self) -> Result<Vec<Box<dyn Migration<Pg>>>> {
        self.embedded(|applied| applied.is_none())
    }

    /// Those of this binary that it has, from before there were hashes.
    pub(super) fn without_hash(&self) -> Result<Vec<Box<dyn Migration<Pg>>>> {
        self.embedded(|applied| applied.is_some_and(|applied| applied.hash.is_none()))
    }

    /// What it has of each, in their order.
    pub(super) fn statuses(&self) -> Result<Vec<Status>> {
        let mut found: Vec<(String, Status)> = Vec::new();
        for migration in embedded()? {
            let name = migration.name().to_string();
            let state = match self.find(&*migration) {
                None => State::Pending,
                Some(Applied {
                    hash: Some(hash), ..
                }) if Some(hash) != embedded_hash(&name).as_ref() => State::Differs,
                Some(_) => State::Applied,
            };
            found.push((
                migration.name().version().to_string(),
                Status { name, state },
            ));
        }
        for applied in &self.applied {
            if found.iter().all(|(version, _)| *version != applied.version) {
                let status = Status {
                    name: applied.version.clone(),
                    state: State::Unknown,
                };
                found.push((applied.version.clone(), status));
            }
        }
        found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found.into_iter().map(|(_, status)| status).collect())
    }
}
