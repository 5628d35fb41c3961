//! `DealService.UpdateDeal`.

use super::lock::lock;
use crate::{
    call::Context,
    deals::{DealStage, DealStatus, MAX_TITLE, amount, change::Change, service, store::DealFields},
    error::Result,
    platform::{
        grpc::{mask::Mask, validate::Violations},
        idempotency::IdempotencyKey,
    },
    proto::{self, UpdateDealRequest},
};

fn parse(v: &mut Violations, deal: &proto::Deal, mask: &Mask) -> Change {
    let change = Change {
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
            .then("status", || {
                v.required_enum::<proto::DealStatus>("deal.status", deal.status)
            })
            .and_then(Into::into),
        stage: mask
            .then("stage", || {
                v.required_enum::<proto::DealStage>("deal.stage", deal.stage)
            })
            .and_then(Into::into),
    };
    if change.status.is_some_and(DealStatus::is_final)
        && change.stage.is_some_and(|stage| stage != DealStage::Closed)
    {
        v.add("deal.stage", "is CLOSED if the deal is WON or LOST");
    }
    change
}

pub async fn update_deal(context: Context, request: UpdateDealRequest) -> Result<proto::Deal> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
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
    let elsewhere = [("close_time", "UpdateDeal of `stage` and ReopenDeal")];
    let mask = request.update_mask.as_ref();
    let mask = Mask::parse::<proto::Deal>(&mut violations, mask, &fields, &elsewhere);
    let change = parse(&mut violations, &deal, &mask);
    violations.finish()?;

    let (context, change, etag) = (&context, &change, &deal.etag);
    context
        .write(idempotency_key, async |tx| {
            let before = lock(context, tx, id, etag).await?;
            let fields = change.apply(&before, context.is_admin())?;
            if fields.owner_user_id != before.owner_user_id {
                context.check_own(fields.owner_user_id)?;
                context.check_member(tx, fields.owner_user_id).await?;
            }
            change.check(tx, &before, &fields).await?;
            if fields == DealFields::from(&before) {
                return Ok(before.into());
            }
            Ok(service::update(tx, &before, &fields).await?.into())
        })
        .await
}
