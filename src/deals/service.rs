//! Writes deals, and says what happened to them.

use std::collections::HashMap;

use super::store::{self, Deal, DealFields};
use crate::{
    error::Result,
    ids::{DealId, LeadId, UserId},
    model::Change,
    platform::db::TenantTx,
};

/// Inserts a deal of this lead.
pub async fn insert(
    tx: &TenantTx,
    id: DealId,
    lead_id: LeadId,
    fields: &DealFields,
) -> Result<Deal> {
    let deal = store::insert(tx, id, lead_id, fields).await?;
    tx.record(Change::DealCreated((&deal).into()));
    Ok(deal)
}

/// Gives a deal that is locked new fields.
pub async fn update(tx: &TenantTx, before: &Deal, fields: &DealFields) -> Result<Deal> {
    let after = store::update(tx, before, fields).await?;
    tx.record(Change::DealChanged {
        before: before.into(),
        after: (&after).into(),
    });
    Ok(after)
}

/// Deletes a deal that is locked.
pub async fn delete(tx: &TenantTx, deal: &Deal) -> Result<()> {
    store::delete(tx, deal.id).await?;
    tx.record(Change::DealDeleted(deal.into()));
    Ok(())
}

/// Gives deals that are locked to another owner, because their own goes.
pub async fn hand_over(tx: &TenantTx, deals: &[Deal], owner_user_id: UserId) -> Result<()> {
    let ids: Vec<_> = deals.iter().map(|deal| deal.id).collect();
    let after = store::set_owner(tx, &ids, owner_user_id).await?;
    let after: HashMap<_, _> = after.iter().map(|deal| (deal.id, deal)).collect();
    for before in deals {
        if let Some(&after) = after.get(&before.id) {
            tx.record(Change::DealHandedOver {
                before: before.into(),
                after: after.into(),
            });
        }
    }
    Ok(())
}
