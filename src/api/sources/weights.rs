//! The methods of `SourceService` about weights: who takes a source's contacts.

use std::collections::{HashMap, HashSet};

use super::convert::answer;
use crate::{
    call::Context,
    dispatch::{
        self, Demand,
        store::{SourceKeys, lock_operators},
    },
    error::{Error, Resource, Result},
    ids::{OperatorId, SourceId},
    model::Change,
    operators,
    platform::{db::TenantTx, grpc::validate::Violations, idempotency::IdempotencyKey},
    proto::{
        self, DistributionCandidate, PreviewDistributionRequest, PreviewDistributionResponse,
        RemoveOperatorWeightRequest, ReplaceOperatorWeightsRequest, SetOperatorWeightRequest,
    },
    sources::{
        store::{self, Source},
        weights::{MAX_WEIGHT, MAX_WEIGHTS, set},
    },
};

pub(super) async fn set_operator_weight(
    context: Context,
    request: SetOperatorWeightRequest,
) -> Result<proto::OperatorWeight> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let source_id = violations.id("source_id", &request.source_id);
    let operator_id = violations.id("operator_id", &request.operator_id);
    let weight = weight(&mut violations, "weight", request.weight);
    violations.finish()?;

    context
        .write(idempotency_key, async |tx| {
            lock(tx, source_id, &[operator_id]).await?;
            let new = [(operator_id, weight)];
            let (mut weights, set) = set(tx, source_id, &new).await?;
            if set > 0 {
                tx.record(Change::SourceWeightsSet(source_id));
            }
            weights.retain(|weight| weight.operator_id == operator_id);
            let weight = weights.pop();
            Ok(weight
                .ok_or_else(|| Error::internal("no weight set"))?
                .into())
        })
        .await
}

pub(super) async fn remove_operator_weight(
    context: Context,
    request: RemoveOperatorWeightRequest,
) -> Result<()> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let source_id = violations.id("source_id", &request.source_id);
    let operator_id = violations.id("operator_id", &request.operator_id);
    violations.finish()?;

    context
        .write(idempotency_key, async |tx| {
            lock(tx, source_id, &[operator_id]).await?;
            if store::weights::delete(tx, source_id, operator_id).await? {
                tx.record(Change::SourceWeightsSet(source_id));
                Ok(())
            } else {
                Err(Error::not_found(
                    Resource::OperatorWeight,
                    format!("{source_id}/{operator_id}"),
                ))
            }
        })
        .await
}

pub(super) async fn replace_operator_weights(
    context: Context,
    request: ReplaceOperatorWeightsRequest,
) -> Result<proto::Source> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let source_id = violations.id("source_id", &request.source_id);
    let weights = weights(&mut violations, source_id, &request.weights);
    violations.finish()?;

    let named: Vec<_> = weights.iter().map(|weight| weight.0).collect();
    let (named, weights) = (&named, &weights);
    context
        .write(idempotency_key, async |tx| {
            let source = lock(tx, source_id, named).await?;
            let removed = store::weights::delete_except(tx, source_id, named);
            let removed = removed.await?;
            let (weights, set) = set(tx, source_id, weights).await?;
            if removed + set > 0 {
                tx.record(Change::SourceWeightsSet(source_id));
            }
            Ok(answer(source, weights))
        })
        .await
}

fn weight(violations: &mut Violations, field: &str, weight: Option<i32>) -> i32 {
    let Some(weight) = weight else {
        violations.add(field, "is required");
        return 0;
    };
    violations.number(field, weight, &(0..=MAX_WEIGHT))
}

/// Locks the source and all its operators, those to come included: whoever is
/// giving out its contacts has finished then, and nobody begins.
async fn lock(tx: &TenantTx, source_id: SourceId, operator_ids: &[OperatorId]) -> Result<Source> {
    let source = store::lock(tx, source_id).await?;
    lock_operators(tx, &SourceKeys::id(source_id), operator_ids).await?;
    operators::store::require(tx, operator_ids).await?;
    Ok(source)
}

fn weights(
    violations: &mut Violations,
    source_id: SourceId,
    weights: &[proto::OperatorWeight],
) -> Vec<(OperatorId, i32)> {
    if weights.len() > MAX_WEIGHTS {
        violations.add("weights", format!("are more than {MAX_WEIGHTS}"));
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut checked = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let path = |field| format!("weights[{index}].{field}");
        let operator_id: OperatorId = violations.id(&path("operator_id"), &weight.operator_id);
        if !seen.insert(operator_id) && !operator_id.is_nil() {
            violations.add(path("operator_id"), "is named twice");
        }
        let named: Option<SourceId> = violations.optional_id(&path("source_id"), &weight.source_id);
        if named.is_some_and(|named| named != source_id) {
            violations.add(path("source_id"), "is another source than `source_id`");
        }
        let weight = self::weight(violations, &path("weight"), weight.weight);
        checked.push((operator_id, weight));
    }
    checked
}

pub(super) async fn preview_distribution(
    context: Context,
    request: PreviewDistributionRequest,
) -> Result<PreviewDistributionResponse> {
    let mut violations = Violations::new();
    let source_id = violations.id("source_id", &request.source_id);
    violations.finish()?;
    let roster = context
        .read(async |tx| {
            let source = store::find(tx, source_id).await?;
            if source.delete_time.is_some() {
                return Err(Error::not_found(Resource::Source, source_id));
            }
            dispatch::store::read_roster(tx, source_id).await
        })
        .await?;
    let pool = roster.pool(&Demand::of(source_id));
    let excluded: HashMap<_, _> = pool
        .excluded
        .iter()
        .map(|excluded| (excluded.operator_id, excluded.reason))
        .collect();
    let mut probabilities = roster.expected(&pool).probabilities().into_iter();
    let candidates = roster
        .entries(source_id)
        .map(|(entry, weight)| {
            let operator = &entry.operator;
            let reason = excluded.get(&operator.id);
            // Candidates are in the order of the entries.
            let probability = if reason.is_none() {
                probabilities.next()
            } else {
                None
            };
            DistributionCandidate {
                operator_id: operator.id.to_string(),
                operator_name: operator.name.clone(),
                weight: i32::try_from(weight).unwrap_or(i32::MAX),
                probability: probability.unwrap_or_default(),
                eligible: reason.is_none(),
                exclusion_reason: reason
                    .map(|reason| proto::ExclusionReason::from(*reason).into())
                    .unwrap_or_default(),
                load: operator.load,
                load_limit: operator.load_limit,
                window_load: entry.window_load,
                window_limit: operator.window_limit,
            }
        })
        .collect();
    Ok(PreviewDistributionResponse { candidates })
}
