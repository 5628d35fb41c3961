//! The rules of changes, judged on the fields as the whole update leaves them.

use bigdecimal::BigDecimal;

use super::{
    DealStage, DealStatus, amount,
    store::{Deal, DealFields},
};
use crate::{
    contacts,
    error::{Error, Reason, Resource, Result},
    ids::{ContactId, DealId, LeadId, UserId},
    organizations,
    platform::{db::TenantTx, grpc::validate::Violations},
};

/// What an update changes: fields that are absent stay.
#[derive(Debug, Clone, Default)]
#[expect(clippy::option_option, reason = "absent, or set to NULL")]
pub struct Change {
    pub lead_id: Option<Option<LeadId>>,
    pub contact_id: Option<Option<ContactId>>,
    pub owner_user_id: Option<Option<UserId>>,
    pub title: Option<String>,
    pub amount: Option<BigDecimal>,
    pub currency: Option<String>,
    pub status: Option<DealStatus>,
    pub stage: Option<DealStage>,
}

impl Change {
    /// The fields of this deal after the change, by the rules that need nothing
    /// else.
    pub fn apply(&self, deal: &Deal, may_roll_back: bool) -> Result<DealFields> {
        let closed = Error::Precondition {
            reason: Reason::DealClosed,
            kind: Resource::Deal,
            id: deal.id.into(),
        };
        let status = self.status.unwrap_or(deal.status);
        let mut stage = self.stage.unwrap_or(deal.stage);
        if deal.status.is_final() && status != deal.status
            || deal.stage == DealStage::Closed && stage != deal.stage
        {
            return Err(closed);
        }
        if status.is_final() {
            stage = DealStage::Closed;
        }
        if stage.rank() < deal.stage.rank() && !may_roll_back {
            return Err(Error::Denied(Reason::StageRollback));
        }
        let before = DealFields::from(deal);
        let fields = DealFields {
            contact_id: self.contact_id.unwrap_or(before.contact_id),
            owner_user_id: self.owner_user_id.unwrap_or(before.owner_user_id),
            title: self.title.clone().unwrap_or(before.title),
            amount: self.amount.clone().unwrap_or(before.amount),
            currency: self.currency.clone().unwrap_or(before.currency),
            status,
            stage,
            reached_stage: before.reached_stage.furthest(stage),
        };
        check_won(deal.id, &fields)?;
        Ok(fields)
    }

    /// Checks what the fields refer to, but for the owner.
    pub async fn check(&self, tx: &TenantTx, deal: &Deal, after: &DealFields) -> Result<()> {
        let mut violations = Violations::new();
        if self.lead_id.flatten().is_some_and(|id| id != deal.lead_id) {
            violations.add("deal.lead_id", "cannot be changed");
        }
        if let Some(contact_id) = after.contact_id.filter(|id| Some(*id) != deal.contact_id) {
            let contact = contacts::store::find(tx, contact_id).await?;
            if contact.lead_id != deal.lead_id {
                violations.add("deal.contact_id", "is of another lead");
            }
        }
        if after.currency != deal.currency {
            violations.currency("deal.currency", &after.currency);
            let organization = organizations::store::find(tx).await?;
            if !organization.allows(&after.currency) {
                violations.add("deal.currency", "is none of the organization's currencies");
            }
        }
        if (&after.amount, &after.currency) != (&deal.amount, &deal.currency) {
            amount::check(&mut violations, &after.amount, &after.currency);
        }
        violations.finish()
    }
}

/// Refuses a deal that is won without an amount.
pub fn check_won(id: DealId, fields: &DealFields) -> Result<()> {
    if fields.status == DealStatus::Won && fields.amount == 0 {
        return Err(Error::Precondition {
            reason: Reason::DealAmountRequired,
            kind: Resource::Deal,
            id: id.into(),
        });
    }
    Ok(())
}
