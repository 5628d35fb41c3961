//! Every query on `sources`; those on `operator_weights` are beside it. Knows
//! nothing of the wire.

pub mod weights;

use chrono::{DateTime, Utc};
use diesel::{dsl::now, prelude::*};
use diesel_async::RunQueryDsl;

pub use crate::dispatch::Strategy;
use crate::{
    error::{Error, Resource, Result, violated_key},
    ids::SourceId,
    platform::{
        db::TenantTx,
        grpc::{
            mask::other,
            page::{Found, Page, keyset, read_page},
        },
    },
    schema::sources,
};

/// A row of `sources`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sources, check_for_backend(diesel::pg::Pg))]
pub struct Source {
    pub id: SourceId,
    pub code: String,
    pub name: String,
    pub description: String,
    pub active: bool,
    pub strategy: Strategy,
    pub revision: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
    pub delete_time: Option<DateTime<Utc>>,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = sources)]
pub struct NewSource {
    pub id: SourceId,
    pub code: String,
    pub name: String,
    pub description: String,
    pub active: bool,
    pub strategy: Strategy,
}

/// What an update changes: fields that are absent stay.
#[derive(Debug, Clone, Default, PartialEq, AsChangeset)]
#[diesel(table_name = sources)]
pub struct SourceChange {
    pub code: Option<String>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub active: Option<bool>,
    pub strategy: Option<Strategy>,
}

impl SourceChange {
    /// What of it is a change of this source.
    #[must_use]
    pub fn of(self, source: &Source) -> Self {
        Self {
            code: other(self.code, &source.code),
            name: other(self.name, &source.name),
            description: other(self.description, &source.description),
            active: other(self.active, &source.active),
            strategy: other(self.strategy, &source.strategy),
        }
    }
}

#[derive(Debug)]
pub struct Filter {
    pub active: Option<bool>,
    pub deleted: bool,
    pub code: Option<String>,
}

/// The source, deleted or not.
pub async fn find(tx: &TenantTx, id: SourceId) -> Result<Source> {
    sources::table
        .find((tx.organization_id(), id))
        .select(Source::as_select())
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Source, id))
}

/// The source, locked, if it is not deleted.
pub async fn lock(tx: &TenantTx, id: SourceId) -> Result<Source> {
    sources::table
        .find((tx.organization_id(), id))
        .filter(sources::delete_time.is_null())
        .select(Source::as_select())
        .for_no_key_update()
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Source, id))
}

pub async fn list(tx: &TenantTx, filter: &Filter, page: Page) -> Result<Found<Source>> {
    let query = |page: Page| {
        let mut query = sources::table
            .filter(sources::organization_id.eq(tx.organization_id()))
            .select(Source::as_select())
            .into_boxed();
        if let Some(active) = filter.active {
            query = query.filter(sources::active.eq(active));
        }
        if let Some(code) = &filter.code {
            query = query.filter(sources::code.eq(code));
        }
        if !filter.deleted {
            query = query.filter(sources::delete_time.is_null());
        }
        keyset!(query, page, sources::id)
    };
    Ok(read_page!(tx.conn(), page, query))
}

/// Inserts a source; none if its code is taken.
pub async fn insert(tx: &TenantTx, source: &NewSource) -> Result<Option<Source>> {
    Ok(diesel::insert_into(sources::table)
        .values((sources::organization_id.eq(tx.organization_id()), source))
        .on_conflict_do_nothing()
        .returning(Source::as_select())
        .get_result(&mut tx.conn())
        .await
        .optional()?)
}

/// The source that has this code.
async fn with_code(tx: &TenantTx, code: &str) -> Result<Option<SourceId>> {
    Ok(sources::table
        .filter(sources::organization_id.eq(tx.organization_id()))
        .filter(sources::code.eq(code))
        .filter(sources::delete_time.is_null())
        .select(sources::id)
        .first(&mut tx.conn())
        .await
        .optional()?)
}

/// The error of a code that could not be had; CONFLICT if it can be had now.
pub async fn taken(tx: &TenantTx, code: &str) -> Result<Error> {
    let id = with_code(tx, code).await?;
    let exists = |id| Error::taken(Resource::Source, vec![("code", id)]);
    Ok(id.map_or(Error::Conflict, exists))
}

/// Refuses a code that a source has.
pub async fn check_free(tx: &TenantTx, code: &str) -> Result<()> {
    match taken(tx, code).await? {
        Error::Conflict => Ok(()),
        taken => Err(taken),
    }
}

/// Changes a source that is locked. CONFLICT if its code has been taken meanwhile.
pub async fn update(tx: &TenantTx, id: SourceId, change: &SourceChange) -> Result<Source> {
    diesel::update(sources::table.find((tx.organization_id(), id)))
        .set((
            change,
            sources::revision.eq(sources::revision + 1),
            sources::update_time.eq(now),
        ))
        .returning(Source::as_select())
        .get_result(&mut tx.conn())
        .await
        .map_err(|error| match violated_key(&error) {
            Some("sources_code_key") => Error::Conflict,
            _ => error.into(),
        })
}

/// Marks a source that is locked as deleted.
pub async fn delete(tx: &TenantTx, id: SourceId) -> Result<Source> {
    Ok(
        diesel::update(sources::table.find((tx.organization_id(), id)))
            .set((
                sources::active.eq(false),
                sources::revision.eq(sources::revision + 1),
                sources::update_time.eq(now),
                sources::delete_time.eq(now),
            ))
            .returning(Source::as_select())
            .get_result(&mut tx.conn())
            .await?,
    )
}
