//! Who calls a method that changes roles.

use crate::{call::Context, error::Result, organizations::roles::Caller, platform::db::TenantTx};

/// The caller, with their role as the database has it, which stays.
pub async fn caller(tx: &TenantTx, context: &Context) -> Result<Caller> {
    Caller::find(tx, context.identity, context.access_level).await
}
