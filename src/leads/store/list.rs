//! The pages of `ListLeads` without a search.

use diesel::{
    sql_query,
    sql_types::{BigInt, Nullable, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use super::{COLUMNS, Lead};
use crate::{
    error::Result,
    platform::{
        db::{Prepared, TenantTx},
        grpc::{
            page::{Found, Page, read_page},
            whose::Whose,
        },
    },
};

/// The condition for a lead to be on a page of what this owner, $5, or nobody has, its id
/// between $2 and $3, and the order. Rows are compared, so that only the index of the
/// owners fits, or of what nobody owns, which begins with a number that stands for it:
/// however small the planner believes an organization to be.
pub(super) fn range(owner: Whose, direction: &str) -> (&'static str, String) {
    let by_owner = format!("owner_user_id {direction}, id {direction}");
    match owner {
        Whose::Any => ("id > $2 AND id < $3", format!("id {direction}")),
        Whose::Nobody => (
            "owner_user_id IS NULL
             AND (CASE WHEN owner_user_id IS NULL THEN 1 END, id)
               > (1, $2)
             AND (CASE WHEN owner_user_id IS NULL THEN 1 END, id)
               < (1, $3)",
            format!(
                "CASE WHEN owner_user_id IS NULL THEN 1 END {direction},
                 id {direction}"
            ),
        ),
        Whose::User(_) => (
            "owner_user_id IS NOT NULL AND (owner_user_id, id) > ($5, $2)
             AND (owner_user_id, id) < ($5, $3)",
            by_owner,
        ),
    }
}

pub async fn list(tx: &TenantTx, owner: Whose, page: Page) -> Result<Found<Lead>> {
    let (range, order) = range(owner, page.direction());
    let sql = format!(
        "SELECT {COLUMNS} FROM leads WHERE organization_id = $1 AND {range}
         ORDER BY {order} LIMIT $4"
    );
    let query = |page: Page| {
        let (low, high) = page.bounds();
        let query = sql_query(&sql)
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<SqlUuid, _>(low)
            .bind::<SqlUuid, _>(high)
            .bind::<BigInt, _>(page.fetch)
            .bind::<Nullable<SqlUuid>, _>(owner.user());
        Prepared(query)
    };
    Ok(read_page!(tx.conn(), page, query))
}
