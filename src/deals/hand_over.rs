//! What is done to the deals of a member who goes.

use futures_util::future::try_join_all;

use super::store::{self, Deal, counts};
use crate::{
    activities::{self, Payload},
    error::Result,
    ids::UserId,
    platform::db::TenantTx,
};

/// Gives deals that are locked to another owner, counts them and writes their timelines.
pub async fn hand_over(
    tx: &TenantTx,
    author_user_id: Option<UserId>,
    deals: &[Deal],
    owner_user_id: UserId,
) -> Result<()> {
    let ids: Vec<_> = deals.iter().map(|deal| deal.id).collect();
    let after = store::set_owner(tx, &ids, owner_user_id).await?;
    let timelines = deals.iter().map(async |deal| {
        let changed = Payload::OwnerChanged {
            old_owner_user_id: deal.owner_user_id,
            new_owner_user_id: Some(owner_user_id),
        };
        activities::store::record(tx, deal.id, author_user_id, &[changed]).await
    });
    try_join_all(timelines).await?;
    counts::record(tx, deals, &after).await
}
