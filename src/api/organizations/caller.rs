//! Who calls a method that changes roles.

use crate::{
    call::Context, error::Result, organizations::roles::RoleChanger, platform::db::TenantTx,
};

/// The caller, with their role as the database has it, which stays.
pub async fn caller(tx: &TenantTx, context: &Context) -> Result<RoleChanger> {
    RoleChanger::find(tx, context.identity, context.access_level).await
}
