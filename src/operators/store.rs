//! Every query on `operators`. Knows nothing of the wire.

use diesel::{dsl::now, prelude::*};
use diesel_async::RunQueryDsl;

pub use crate::model::Operator;
use crate::{
    error::{Error, Resource, Result},
    ids::{OperatorId, UserId},
    platform::{
        db::TenantTx,
        grpc::{
            mask::other,
            page::{Found, Page, keyset, read_page},
        },
    },
    schema::operators,
};

#[derive(Debug, Insertable)]
#[diesel(table_name = operators)]
pub struct NewOperator {
    pub id: OperatorId,
    pub name: String,
    pub active: bool,
    pub load_limit: Option<i32>,
    pub window_limit: Option<i32>,
    pub window_seconds: i32,
    pub user_id: Option<UserId>,
}

/// What an update changes: fields that are absent stay.
#[derive(Debug, Clone, Default, PartialEq, AsChangeset)]
#[diesel(table_name = operators)]
#[expect(clippy::option_option, reason = "absent, or set to NULL")]
pub struct OperatorChange {
    pub name: Option<String>,
    pub active: Option<bool>,
    pub load_limit: Option<Option<i32>>,
    pub window_limit: Option<Option<i32>>,
    pub window_seconds: Option<i32>,
    pub user_id: Option<Option<UserId>>,
}

impl OperatorChange {
    /// What of it is a change of this operator.
    #[must_use]
    pub fn of(self, operator: &Operator) -> Self {
        Self {
            name: other(self.name, &operator.name),
            active: other(self.active, &operator.active),
            load_limit: other(self.load_limit, &operator.load_limit),
            window_limit: other(self.window_limit, &operator.window_limit),
            window_seconds: other(self.window_seconds, &operator.window_seconds),
            user_id: other(self.user_id, &operator.user_id),
        }
    }
}

#[derive(Debug)]
pub struct Filter {
    pub active: Option<bool>,
    pub deleted: bool,
}

/// The operator, deleted or not.
pub async fn find(tx: &TenantTx, id: OperatorId) -> Result<Operator> {
    operators::table
        .find((tx.organization_id(), id))
        .select(Operator::as_select())
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Operator, id))
}

/// The operator, locked, if it is not deleted.
pub async fn lock(tx: &TenantTx, id: OperatorId) -> Result<Operator> {
    operators::table
        .find((tx.organization_id(), id))
        .filter(operators::delete_time.is_null())
        .select(Operator::as_select())
        .for_no_key_update()
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Operator, id))
}

pub async fn list(tx: &TenantTx, filter: &Filter, page: Page) -> Result<Found<Operator>> {
    let query = |page: Page| {
        let mut query = operators::table
            .filter(operators::organization_id.eq(tx.organization_id()))
            .select(Operator::as_select())
            .into_boxed();
        if let Some(active) = filter.active {
            query = query.filter(operators::active.eq(active));
        }
        if !filter.deleted {
            query = query.filter(operators::delete_time.is_null());
        }
        keyset!(query, page, operators::id)
    };
    Ok(read_page!(tx.conn(), page, query))
}

pub async fn insert(tx: &TenantTx, operator: &NewOperator) -> Result<Operator> {
    Ok(diesel::insert_into(operators::table)
        .values((
            operators::organization_id.eq(tx.organization_id()),
            operator,
        ))
        .returning(Operator::as_select())
        .get_result(&mut tx.conn())
        .await?)
}

/// Changes an operator that is locked.
pub async fn update(tx: &TenantTx, id: OperatorId, change: &OperatorChange) -> Result<Operator> {
    Ok(
        diesel::update(operators::table.find((tx.organization_id(), id)))
            .set((
                change,
                operators::revision.eq(operators::revision + 1),
                operators::update_time.eq(now),
            ))
            .returning(Operator::as_select())
            .get_result(&mut tx.conn())
            .await?,
    )
}

/// Makes an operator that is locked inactive.
pub async fn deactivate(tx: &TenantTx, id: OperatorId) -> Result<()> {
    let change = OperatorChange {
        active: Some(false),
        ..OperatorChange::default()
    };
    update(tx, id, &change).await?;
    Ok(())
}

/// The same with no load left.
pub async fn retire(tx: &TenantTx, id: OperatorId) -> Result<()> {
    deactivate(tx, id).await?;
    diesel::update(operators::table.find((tx.organization_id(), id)))
        .set(operators::load.eq(0))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Marks an operator that is locked as deleted, with no load left.
pub async fn delete(tx: &TenantTx, id: OperatorId) -> Result<Operator> {
    Ok(
        diesel::update(operators::table.find((tx.organization_id(), id)))
            .set((
                operators::active.eq(false),
                operators::load.eq(0),
                operators::revision.eq(operators::revision + 1),
                operators::update_time.eq(now),
                operators::delete_time.eq(now),
            ))
            .returning(Operator::as_select())
            .get_result(&mut tx.conn())
            .await?,
    )
}

/// Whether all of these operators exist and are not deleted; the first that
/// does not is the error.
pub async fn require(tx: &TenantTx, ids: &[OperatorId]) -> Result<()> {
    let found: Vec<OperatorId> = operators::table
        .filter(operators::organization_id.eq(tx.organization_id()))
        .filter(operators::id.eq_any(ids))
        .filter(operators::delete_time.is_null())
        .select(operators::id)
        .load(&mut tx.conn())
        .await?;
    match ids.iter().find(|id| !found.contains(id)) {
        None => Ok(()),
        Some(id) => Err(Error::not_found(Resource::Operator, id)),
    }
}

/// The operators that are linked with these users, each with its user.
pub async fn linked_with(tx: &TenantTx, user_ids: &[UserId]) -> Result<Vec<(OperatorId, UserId)>> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(operators::table
        .filter(operators::organization_id.eq(tx.organization_id()))
        .filter(operators::user_id.eq_any(user_ids))
        .filter(operators::delete_time.is_null())
        .select((operators::id, operators::user_id.assume_not_null()))
        .load(&mut tx.conn())
        .await?)
}
