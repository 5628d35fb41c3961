//! Writes deals, with what they are counted by and their timelines.

use futures_util::future::try_join;

use super::{
    amount,
    store::{self, Deal, Values, counts},
};
use crate::{
    activities::{self, Payload},
    error::Result,
    ids::{DealId, LeadId, UserId},
    platform::db::TenantTx,
};

/// Inserts a deal of this lead.
pub async fn insert(
    tx: &TenantTx,
    author_user_id: Option<UserId>,
    (id, lead_id): (DealId, LeadId),
    values: &Values,
) -> Result<Deal> {
    let deal = store::insert(tx, id, lead_id, values).await?;
    let contact_id = deal.contact_id;
    let happened = &[Payload::DealCreated { contact_id }];
    try_join(
        activities::store::record(tx, id, author_user_id, happened),
        counts::record(tx, None, Some(&deal)),
    )
    .await?;
    Ok(deal)
}

/// Gives a deal that is locked other values.
pub async fn update(
    tx: &TenantTx,
    author_user_id: Option<UserId>,
    before: &Deal,
    values: &Values,
) -> Result<Deal> {
    let after = store::update(tx, before, values).await?;
    let happened = &differences(before, &after);
    try_join(
        activities::store::record(tx, after.id, author_user_id, happened),
        counts::record(tx, Some(before), Some(&after)),
    )
    .await?;
    Ok(after)
}

/// Deletes a deal that is locked.
pub async fn delete(tx: &TenantTx, deal: &Deal) -> Result<()> {
    store::delete(tx, deal.id).await?;
    counts::record(tx, Some(deal), None).await
}

/// What the timeline says of a change.
fn differences(before: &Deal, after: &Deal) -> Vec<Payload> {
    let mut found = Vec::new();
    if before.status != after.status {
        found.push(Payload::StatusChanged {
            old_status: before.status,
            new_status: after.status,
        });
    }
    if before.stage != after.stage {
        found.push(Payload::StageChanged {
            old_stage: before.stage,
            new_stage: after.stage,
        });
    }
    if before.amount != after.amount || before.currency != after.currency {
        found.push(Payload::AmountChanged {
            old_amount: amount::text(&before.amount, &before.currency),
            old_currency: before.currency.clone(),
            new_amount: amount::text(&after.amount, &after.currency),
            new_currency: after.currency.clone(),
        });
    }
    if before.owner_user_id != after.owner_user_id {
        found.push(Payload::OwnerChanged {
            old_owner_user_id: before.owner_user_id,
            new_owner_user_id: after.owner_user_id,
        });
    }
    found
}
