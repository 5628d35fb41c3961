//! The migrations of this binary.

use diesel::{
    migration::{Migration, MigrationSource},
    pg::Pg,
};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, Result},
    platform::db::Conn,
};

/// As they are run.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
/// The same as texts: the name of each, and what it does.
const TEXTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// A connection for those who wait in a thread of their own.
pub type BlockingConn = AsyncConnectionWrapper<Conn>;

/// The hash that an applied migration is known by.
pub fn hash(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}

/// The migrations of this binary, in their order.
pub fn embedded() -> Result<Vec<Box<dyn Migration<Pg>>>> {
    let mut all = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(Error::internal)?;
    all.sort_unstable_by(|a, b| a.name().version().cmp(&b.name().version()));
    Ok(all)
}

/// The hash of what this binary has under that name.
pub fn embedded_hash(name: &str) -> Option<String> {
    let (_, text) = TEXTS.iter().find(|(known, _)| *known == name)?;
    Some(hash(text))
}
