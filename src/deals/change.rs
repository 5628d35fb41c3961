//! `DealService.UpdateDeal`, and the rules of changes, judged on the values after
//! all of the update.

use bigdecimal::BigDecimal;
use uuid::Uuid;

use super::{
    DealStage, DealStatus, amount,
    grpc::{MAX_TITLE, lock, record},
    kept_stage, kept_status,
    store::{self, Deal, Values},
};
use crate::{
    activities::Payload,
    call::Context,
    contacts,
    error::{DEAL_AMOUNT_REQUIRED, DEAL_CLOSED, Error, Result, STAGE_ROLLBACK},
    organizations,
    platform::{
        db::Conn,
        grpc::{mask::Mask, validate::Violations},
        idempotency::Claim,
    },
    proto::{self, UpdateDealRequest},
};

/// What an update changes: fields that are absent stay.
#[derive(Debug, Clone, Default)]
#[expect(clippy::option_option, reason = "absent, or set to NULL")]
struct Change {
    lead_id: Option<Option<Uuid>>,
    contact_id: Option<Option<Uuid>>,
    owner_user_id: Option<Option<Uuid>>,
    title: Option<String>,
    amount: Option<BigDecimal>,
    currency: Option<String>,
    status: Option<DealStatus>,
    stage: Option<DealStage>,
}

impl Change {
    fn parse(v: &mut Violations, deal: &proto::Deal, mask: &Mask) -> Self {
        let change = Self {
            lead_id: mask.then("lead_id", || v.optional_id("deal.lead_id", &deal.lead_id)),
            contact_id: mask.then("contact_id", || {
                v.optional_id("deal.contact_id", &deal.contact_id)
            }),
            owner_user_id: mask.then("owner_user_id", || {
                v.optional_id("deal.owner_user_id", &deal.owner_user_id)
            }),
            title: mask.then("title", || {
                v.required_line("deal.title", &deal.title, MAX_TITLE)
            }),
            amount: mask.then("amount", || {
                amount::parse(v, "deal.amount", &deal.amount).unwrap_or_default()
            }),
            currency: mask.then("currency", || {
                v.known_currency("deal.currency", &deal.currency)
            }),
            status: mask
                .then("status", || v.required_enum("deal.status", deal.status))
                .and_then(kept_status),
            stage: mask
                .then("stage", || v.required_enum("deal.stage", deal.stage))
                .and_then(kept_stage),
        };
        if change.status.is_some_and(DealStatus::is_final)
            && change.stage.is_some_and(|stage| stage != DealStage::Closed)
        {
            v.add("deal.stage", "is CLOSED if the deal is WON or LOST");
        }
        change
    }

    /// The values of this deal after the change, by the rules that need nothing
    /// else.
    fn apply(&self, deal: &Deal, may_roll_back: bool) -> Result<Values> {
        let closed = Error::Precondition {
            reason: DEAL_CLOSED,
            kind: "deal",
            id: deal.id,
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
        if stage.place() < deal.stage.place() && !may_roll_back {
            return Err(Error::Denied(STAGE_ROLLBACK));
        }
        let before = Values::from(deal);
        let values = Values {
            contact_id: self.contact_id.unwrap_or(before.contact_id),
            owner_user_id: self.owner_user_id.unwrap_or(before.owner_user_id),
            title: self.title.clone().unwrap_or(before.title),
            amount: self.amount.clone().unwrap_or(before.amount),
            currency: self.currency.clone().unwrap_or(before.currency),
            status,
            stage,
            reached_stage: before.reached_stage.furthest(stage),
        };
        check_won(deal.id, &values)?;
        Ok(values)
    }

    /// Checks what the values refer to.
    async fn check(
        &self,
        context: &Context,
        conn: &Conn,
        deal: &Deal,
        after: &Values,
    ) -> Result<()> {
        let organization_id = context.organization_id;
        let mut violations = Violations::new();
        if self.lead_id.flatten().is_some_and(|id| id != deal.lead_id) {
            violations.add("deal.lead_id", "cannot be changed");
        }
        if after.owner_user_id != deal.owner_user_id {
            context.check_own(after.owner_user_id)?;
            context.check_member(conn, after.owner_user_id).await?;
        }
        if let Some(contact_id) = after.contact_id.filter(|id| Some(*id) != deal.contact_id) {
            let contact = contacts::store::find(conn, organization_id, contact_id).await?;
            if contact.lead_id != deal.lead_id {
                violations.add("deal.contact_id", "is of another lead");
            }
        }
        if after.currency != deal.currency {
            violations.currency("deal.currency", &after.currency);
            let organization = organizations::store::find(conn, organization_id).await?;
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
pub fn check_won(id: Uuid, values: &Values) -> Result<()> {
    if values.status == DealStatus::Won && values.amount == 0 {
        return Err(Error::Precondition {
            reason: DEAL_AMOUNT_REQUIRED,
            kind: "deal",
            id,
        });
    }
    Ok(())
}

pub async fn update_deal(context: Context, request: UpdateDealRequest) -> Result<proto::Deal> {
    let mut violations = Violations::new();
    let claim = Claim::parse(&mut violations, "UpdateDeal", &request.request_id, &request);
    let deal = violations.required("deal", request.deal)?;
    let id = violations.id("deal.id", &deal.id);
    let fields = [
        ("lead_id", !deal.lead_id.is_empty()),
        ("contact_id", !deal.contact_id.is_empty()),
        ("owner_user_id", !deal.owner_user_id.is_empty()),
        ("title", !deal.title.is_empty()),
        ("amount", !deal.amount.is_empty()),
        ("currency", !deal.currency.is_empty()),
        ("status", deal.status != 0),
        ("stage", deal.stage != 0),
    ];
    let output_only = [
        ("id", ""),
        ("close_time", "UpdateDeal of `stage` and ReopenDeal"),
        ("create_time", ""),
        ("update_time", ""),
    ];
    let mask = request.update_mask.as_ref();
    let mask = Mask::parse(&mut violations, mask, &fields, &output_only);
    let change = Change::parse(&mut violations, &deal, &mask);
    violations.finish()?;

    let (context, change, etag) = (&context, &change, &deal.etag);
    context
        .write(claim, id, async |conn| {
            let before = lock(context, conn, id, etag).await?;
            let values = change.apply(&before, context.is_admin())?;
            change.check(context, conn, &before, &values).await?;
            if values == Values::from(&before) {
                conn.unchanged();
                return Ok(before.into());
            }
            Ok(write(context, conn, &before, &values).await?.into())
        })
        .await
}

/// Gives a deal that is locked other values, counts it and writes its timeline.
pub async fn write(context: &Context, conn: &Conn, before: &Deal, values: &Values) -> Result<Deal> {
    let after = store::update(conn, context.organization_id, before, values).await?;
    let happened = differences(before, &after);
    record(context, conn, Some(before), Some(&after), &happened).await?;
    Ok(after)
}

/// What the timeline says of a change.
fn differences(before: &Deal, after: &Deal) -> Vec<Payload> {
    let mut found = Vec::new();
    if before.status != after.status {
        found.push(Payload::StatusChanged {
            old_status: before.status.as_str().to_owned(),
            new_status: after.status.as_str().to_owned(),
        });
    }
    if before.stage != after.stage {
        found.push(Payload::StageChanged {
            old_stage: before.stage.as_str().to_owned(),
            new_stage: after.stage.as_str().to_owned(),
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
