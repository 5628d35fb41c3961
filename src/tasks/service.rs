//! What tasks have in common when they change: their due dates.

use chrono::NaiveDate;

use crate::{
    error::Result,
    organizations,
    platform::{db::TenantTx, grpc::validate::Violations},
};

/// Refuses a day that is over.
pub async fn check_due(tx: &TenantTx, due: Option<NaiveDate>) -> Result<()> {
    let Some(due) = due else { return Ok(()) };
    let mut violations = Violations::new();
    if due < organizations::store::today(tx).await? {
        violations.add("task.due_date", "is before today");
    }
    violations.finish()
}
