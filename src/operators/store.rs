//! Every query on `operators`. Knows nothing of the wire.

use diesel::{dsl::now, prelude::*};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

pub use crate::model::Operator;
use crate::{
    error::{Error, Resource, Result},
    platform::{
        db::Conn,
        grpc::{
            mask::other,
            page::{Found, Page, keyset, read_page},
        },
    },
    schema::operators,
};

/// An operator to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = operators)]
pub struct NewOperator {
    pub organization_id: Uuid,
    pub id: Uuid,
    pub name: String,
    pub active: bool,
    pub load_limit: Option<i32>,
    pub window_limit: Option<i32>,
    pub window_seconds: i32,
    pub user_id: Option<Uuid>,
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
    pub user_id: Option<Option<Uuid>>,
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

/// Which operators to list.
#[derive(Debug)]
pub struct Filter {
    pub active: Option<bool>,
    pub deleted: bool,
}

/// The operator, deleted or not.
pub async fn find(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<Operator> {
    operators::table
        .find((organization_id, id))
        .select(Operator::as_select())
        .first(&mut conn)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Operator, id))
}

/// The operator, locked, if it is not deleted.
pub async fn lock(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<Operator> {
    operators::table
        .find((organization_id, id))
        .filter(operators::delete_time.is_null())
        .select(Operator::as_select())
        .for_no_key_update()
        .first(&mut conn)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Operator, id))
}

/// A page of operators.
pub async fn list(
    conn: &Conn,
    organization_id: Uuid,
    filter: &Filter,
    page: Page,
) -> Result<Found<Operator>> {
    let query = |page: Page| {
        let mut query = operators::table
            .filter(operators::organization_id.eq(organization_id))
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
    Ok(read_page!(conn, page, query))
}

/// Inserts an operator.
pub async fn insert(mut conn: &Conn, operator: &NewOperator) -> Result<Operator> {
    Ok(diesel::insert_into(operators::table)
        .values(operator)
        .returning(Operator::as_select())
        .get_result(&mut conn)
        .await?)
}

/// Changes an operator that is locked.
pub async fn update(
    mut conn: &Conn,
    organization_id: Uuid,
    id: Uuid,
    change: &OperatorChange,
) -> Result<Operator> {
    Ok(diesel::update(operators::table.find((organization_id, id)))
        .set((
            change,
            operators::revision.eq(operators::revision + 1),
            operators::update_time.eq(now),
        ))
        .returning(Operator::as_select())
        .get_result(&mut conn)
        .await?)
}

/// Makes an operator that is locked inactive.
pub async fn deactivate(conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<()> {
    let change = OperatorChange {
        active: Some(false),
        ..OperatorChange::default()
    };
    update(conn, organization_id, id, &change).await?;
    Ok(())
}

/// The same with no load left.
pub async fn retire(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<()> {
    deactivate(conn, organization_id, id).await?;
    diesel::update(operators::table.find((organization_id, id)))
        .set(operators::load.eq(0))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Marks an operator that is locked as deleted, with no load left.
pub async fn delete(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<Operator> {
    Ok(diesel::update(operators::table.find((organization_id, id)))
        .set((
            operators::active.eq(false),
            operators::load.eq(0),
            operators::revision.eq(operators::revision + 1),
            operators::update_time.eq(now),
            operators::delete_time.eq(now),
        ))
        .returning(Operator::as_select())
        .get_result(&mut conn)
        .await?)
}

/// Whether all of these operators exist and are not deleted; the first that
/// does not is the error.
pub async fn require(mut conn: &Conn, organization_id: Uuid, ids: &[Uuid]) -> Result<()> {
    let found: Vec<Uuid> = operators::table
        .filter(operators::organization_id.eq(organization_id))
        .filter(operators::id.eq_any(ids))
        .filter(operators::delete_time.is_null())
        .select(operators::id)
        .load(&mut conn)
        .await?;
    match ids.iter().find(|id| !found.contains(id)) {
        None => Ok(()),
        Some(id) => Err(Error::not_found(Resource::Operator, id)),
    }
}

/// The operators that are linked with these users, each with its user.
pub async fn linked_with(
    mut conn: &Conn,
    organization_id: Uuid,
    user_ids: &[Uuid],
) -> Result<Vec<(Uuid, Uuid)>> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(operators::table
        .filter(operators::organization_id.eq(organization_id))
        .filter(operators::user_id.eq_any(user_ids))
        .filter(operators::delete_time.is_null())
        .select((operators::id, operators::user_id.assume_not_null()))
        .load(&mut conn)
        .await?)
}
