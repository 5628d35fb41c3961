//! `DealService.ReopenDeal`.

use super::lock::lock;
use crate::{
    call::Context,
    deals::{DealStage, DealStatus, service, store::DealFields},
    error::{Error, Reason, Resource, Result},
    platform::{grpc::validate::Violations, idempotency::IdempotencyKey},
    proto::{self, ReopenDealRequest},
};

pub async fn reopen_deal(context: Context, request: ReopenDealRequest) -> Result<proto::Deal> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    let stage: Option<DealStage> = violations
        .known_enum::<proto::DealStage>("stage", request.stage)
        .into();
    if stage == Some(DealStage::Closed) {
        violations.add("stage", "is not one of an open deal");
    }
    violations.finish()?;
    let (context, etag) = (&context, &request.etag);
    context
        .write(idempotency_key, async |tx| {
            let before = lock(context, tx, id, etag).await?;
            if before.stage != DealStage::Closed {
                return Err(Error::Precondition {
                    reason: Reason::DealOpen,
                    kind: Resource::Deal,
                    id: id.into(),
                });
            }
            let stage = stage.unwrap_or(before.reached_stage);
            let fields = DealFields {
                status: DealStatus::InProgress,
                stage,
                reached_stage: before.reached_stage.furthest(stage),
                ..DealFields::from(&before)
            };
            Ok(service::update(tx, &before, &fields).await?.into())
        })
        .await
}
