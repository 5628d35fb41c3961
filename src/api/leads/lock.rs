//! A lead that is to be changed.

use uuid::Uuid;

use crate::{
    call::Context,
    error::{Error, Resource, Result},
    leads::store::{self, Lead},
    platform::db::Conn,
};

/// The lead, locked, if the caller may change it.
pub async fn lock(context: &Context, conn: &Conn, id: Uuid, etag: &str) -> Result<Lead> {
    let lead = store::lock(conn, context.organization_id, id).await?;
    context.check_own(lead.owner_user_id)?;
    Error::check_etag(Resource::Lead, id, etag, lead.revision)?;
    Ok(lead)
}
