//! Every query on `assignments`, the history of who handled a contact and why.
//! Rows are only ever added.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use crate::{
    dispatch::BacklogReason,
    error::Result,
    ids::{AssignmentId, ContactId, OperatorId, PoolId},
    model::text_enum,
    platform::{
        db::{Prepared, TenantTx, column},
        grpc::page::{Found, Page, keyset, read_page},
    },
    schema::assignments,
};

text_enum! {
    /// What kind of decision an assignment was.
    AssignmentKind {
        /// A draw on intake.
        Automatic = "AUTOMATIC",
        /// The operator was named.
        Manual = "MANUAL",
        /// A new draw.
        Reassigned = "REASSIGNED",
        /// A new draw that found nobody else.
        Kept = "KEPT",
        /// It was taken from its operator, who was deleted or is to do without it.
        Released = "RELEASED",
    }
}

/// A row of `assignments`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = assignments, check_for_backend(diesel::pg::Pg))]
pub struct Assignment {
    pub id: AssignmentId,
    pub contact_id: ContactId,
    pub kind: AssignmentKind,
    pub operator_id: Option<OperatorId>,
    pub previous_operator_id: Option<OperatorId>,
    pub backlog_reason: Option<BacklogReason>,
    pub pool_id: Option<PoolId>,
    pub draw: Option<i64>,
    pub forced: bool,
    pub create_time: DateTime<Utc>,
}

impl Assignment {
    /// A decision about a contact, for the rest to be filled in.
    pub fn new(
        id: AssignmentId,
        contact_id: ContactId,
        kind: AssignmentKind,
        create_time: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            contact_id,
            kind,
            operator_id: None,
            previous_operator_id: None,
            backlog_reason: None,
            pool_id: None,
            draw: None,
            forced: false,
            create_time,
        }
    }
}

pub async fn insert_all(tx: &TenantTx, rows: &[&Assignment]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    Prepared(
        sql_query(
            "INSERT INTO assignments (organization_id, id, contact_id, kind, operator_id,
                 previous_operator_id, backlog_reason, pool_id, draw, forced, create_time)
             SELECT $1, a.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS a",
        )
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Array<SqlUuid>, _>(column(rows, |row| row.id))
        .bind::<Array<SqlUuid>, _>(column(rows, |row| row.contact_id))
        .bind::<Array<Text>, _>(column(rows, |row| row.kind.as_str()))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.operator_id))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.previous_operator_id))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |row| {
            row.backlog_reason.map(BacklogReason::as_str)
        }))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.pool_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.draw))
        .bind::<Array<Bool>, _>(column(rows, |row| row.forced))
        .bind::<Array<Timestamptz>, _>(column(rows, |row| row.create_time)),
    )
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}

/// A page of the decisions about a contact, newest first.
pub async fn list(tx: &TenantTx, contact_id: ContactId, page: Page) -> Result<Found<Assignment>> {
    let query = |page: Page| {
        let query = assignments::table
            .filter(assignments::organization_id.eq(tx.organization_id()))
            .filter(assignments::contact_id.eq(contact_id))
            .select(Assignment::as_select())
            .into_boxed();
        keyset!(query, page, assignments::id)
    };
    Ok(read_page!(tx.conn(), page, query))
}
