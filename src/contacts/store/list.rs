//! Pages of contacts. Each is read from the index that holds just what is asked
//! for, in the order of the ids, so that it costs the same however many
//! contacts there are.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    sql_query,
    sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{Contact, ContactStatus};
use crate::{
    error::Result,
    ids::{ContactId, LeadId, OperatorId, SourceId, first_id_at},
    platform::{
        db::{Prepared, TenantTx},
        grpc::page::{Found, Page, read_page},
    },
};

const COLUMNS: &str = "id, lead_id, source_id, operator_id, pool_id, status, message, \
     backlog_reason, revision, create_time, update_time, assign_time, close_time";

#[derive(Debug, Default)]
pub struct Filter {
    pub lead_id: Option<LeadId>,
    pub source_id: Option<SourceId>,
    pub operator_id: Option<OperatorId>,
    pub statuses: Vec<ContactStatus>,
    /// Only those in the backlog: active ones without an operator.
    pub unassigned: bool,
    pub create_time_after: Option<DateTime<Utc>>,
    pub create_time_before: Option<DateTime<Utc>>,
}

pub async fn list(tx: &TenantTx, filter: &Filter, page: Page) -> Result<Found<Contact>> {
    let query = |page: Page| {
        let (low, high) = bounds(filter, page);
        Prepared(
            sql_query(sql(filter, page))
                .bind::<SqlUuid, _>(tx.organization_id())
                .bind::<SqlUuid, _>(low)
                .bind::<SqlUuid, _>(high)
                .bind::<BigInt, _>(page.fetch)
                .bind::<Nullable<Timestamptz>, _>(filter.create_time_after)
                .bind::<Nullable<Timestamptz>, _>(filter.create_time_before)
                .bind::<Array<Text>, _>(filter.statuses())
                .bind::<Nullable<SqlUuid>, _>(filter.lead_id)
                .bind::<Nullable<SqlUuid>, _>(filter.source_id)
                .bind::<Nullable<SqlUuid>, _>(filter.operator_id)
                .bind::<Bool, _>(filter.unassigned),
        )
    };
    Ok(read_page!(tx.conn(), page, query))
}

impl Filter {
    /// Whether it is about all that is in the backlog.
    fn is_whole_backlog(&self) -> bool {
        self.unassigned && (self.lead_id, self.source_id, self.operator_id) == (None, None, None)
    }

    /// The statuses asked for, each once. Contacts in the backlog are active.
    fn statuses(&self) -> Vec<ContactStatus> {
        let asked = |status: &_| {
            (self.statuses.is_empty() || self.statuses.contains(status))
                && !(self.unassigned && *status == ContactStatus::Closed)
        };
        ContactStatus::ALL.into_iter().filter(asked).collect()
    }
}

/// The ids that the page lies between: those of the page, and of the times asked
/// for.
fn bounds(filter: &Filter, page: Page) -> (Uuid, Uuid) {
    let (low, high) = page.bounds();
    let after = filter.create_time_after.map(first_id_at::<ContactId>);
    // Of the last millisecond, too, that some of the contacts are before.
    let before = filter
        .create_time_before
        .map(|time| first_id_at::<ContactId>(time + TimeDelta::microseconds(999)));
    (
        after.map_or(low, |after| after.as_uuid().max(low)),
        before.map_or(high, |before| before.as_uuid().min(high)),
    )
}

/// The query. Conditions are written so that only the index meant for the list
/// fits, however the planner misjudges the table: those that merely leave rows
/// out, and should not choose an index, begin with a parameter.
fn sql(filter: &Filter, page: Page) -> String {
    let direction = page.direction();
    // The planner knows the order of the backlog only if it is told all of it.
    let order = if filter.is_whole_backlog() {
        format!("operator_id {direction}, id {direction}")
    } else {
        format!("id {direction}")
    };
    page.bounded(
        &rows(filter, direction),
        COLUMNS,
        "octet_length(message)",
        &order,
    )
}

fn rows(filter: &Filter, direction: &str) -> String {
    let range = |columns: &str, condition: &str, order: &str| {
        format!(
            "SELECT {columns} FROM contacts
             WHERE organization_id = $1 AND id > $2 AND id < $3
               AND ($5 IS NULL OR create_time >= $5) AND ($6 IS NULL OR create_time < $6)
               AND {condition}
             ORDER BY {order} {direction} LIMIT $4"
        )
    };
    // An index has a range in the order of the ids for each status.
    let merged = |columns: &str, conditions: [String; 3], order: &str| {
        let ranges = conditions.map(|condition| range(columns, &condition, order));
        format!(
            "SELECT {columns} FROM (({})) AS page ORDER BY {order} {direction} LIMIT $4",
            ranges.join(") UNION ALL (")
        )
    };
    let each_status =
        |condition: &str| [1, 2, 3].map(|index| format!("{condition} AND status = $7[{index}]"));
    match (
        filter.lead_id.is_some(),
        filter.source_id.is_some(),
        filter.operator_id.is_some(),
        filter.unassigned,
    ) {
        // A lead has few contacts.
        (true, ..) => {
            let condition = "lead_id = $8 AND status = ANY ($7)
                 AND ($9 IS NULL OR source_id = $9) AND ($10 IS NULL OR operator_id = $10)
                 AND (NOT $11 OR operator_id IS NULL)";
            range(COLUMNS, condition, "id")
        }
        // The index alone tells which ones of an operator's are of the source.
        (_, true, true, _) => {
            let condition = "operator_id = $10 AND ($9 IS NULL OR source_id = $9)";
            format!(
                "SELECT c.* FROM ({}) AS page, LATERAL (
                     SELECT {COLUMNS} FROM contacts
                     WHERE organization_id = $1 AND id = page.id LIMIT 1) AS c
                 ORDER BY page.id {direction}",
                merged("id", each_status(condition), "id")
            )
        }
        (_, true, _, true) => {
            let condition = "source_id = $9 AND operator_id IS NULL";
            merged(COLUMNS, each_status(condition), "id")
        }
        (_, true, ..) => merged(COLUMNS, each_status("source_id = $9"), "id"),
        (_, _, true, _) => merged(COLUMNS, each_status("operator_id = $10"), "id"),
        (.., true) => {
            let order = format!("operator_id {direction}, id");
            merged(COLUMNS, each_status("operator_id IS NULL"), &order)
        }
        _ if filter.statuses().len() == ContactStatus::ALL.len() => range(COLUMNS, "true", "id"),
        // The status is written out, for its own index to fit.
        _ => {
            let conditions = ContactStatus::ALL.map(|status| {
                let status = status.as_str();
                format!("status = '{status}' AND '{status}' = ANY ($7)")
            });
            merged(COLUMNS, conditions, "id")
        }
    }
}
