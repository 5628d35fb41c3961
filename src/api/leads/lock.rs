//! A lead that is to be changed.

use crate::{
    call::Context,
    error::{Error, Resource, Result},
    ids::LeadId,
    leads::store::{self, Lead},
    platform::db::TenantTx,
};

/// The lead, locked, if the caller may change it.
pub async fn lock(context: &Context, tx: &TenantTx, id: LeadId, etag: &str) -> Result<Lead> {
    let lead = store::lock(tx, id).await?;
    context.check_own(lead.owner_user_id)?;
    Error::check_etag(Resource::Lead, id, etag, lead.revision)?;
    Ok(lead)
}
