//! A deal that is to be changed.

use uuid::Uuid;

use crate::{
    call::Context,
    deals::store::{self, Deal},
    error::{Error, Resource, Result},
    platform::db::Conn,
};

/// The deal, locked, if the caller may change it.
pub async fn lock(context: &Context, conn: &Conn, id: Uuid, etag: &str) -> Result<Deal> {
    let deal = store::lock(conn, context.organization_id, id).await?;
    context.check_own(deal.owner_user_id)?;
    Error::check_etag(Resource::Deal, id, etag, deal.revision)?;
    Ok(deal)
}
