//! Who calls a method that changes roles.

use crate::{call::Context, error::Result, organizations::roles::Caller, platform::db::Conn};

/// The caller, with their role as the database has it, which stays.
pub async fn caller(conn: &Conn, context: &Context) -> Result<Caller> {
    let (organization_id, identity) = (context.organization_id, context.identity);
    Caller::find(conn, organization_id, identity, context.place).await
}
