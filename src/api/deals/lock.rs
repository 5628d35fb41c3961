//! A deal that is to be changed.

use crate::{
    call::Context,
    deals::store::{self, Deal},
    error::{Error, Resource, Result},
    ids::DealId,
    platform::db::TenantTx,
};

/// The deal, locked, if the caller may change it.
pub async fn lock(context: &Context, tx: &TenantTx, id: DealId, etag: &str) -> Result<Deal> {
    let deal = store::lock(tx, id).await?;
    context.check_own(deal.owner_user_id)?;
    Error::check_etag(Resource::Deal, id, etag, deal.revision)?;
    Ok(deal)
}
