//! Sources between proto and the domain.

use crate::{
    platform::grpc::{convert::timestamp, validate::Violations},
    proto::{self, DistributionStrategy},
    sources::{
        is_code, normalize_code,
        store::{Source, Strategy, weights::OperatorWeight},
    },
};

/// The source as it is answered, with these weights.
pub fn answer(source: Source, weights: Vec<OperatorWeight>) -> proto::Source {
    proto::Source {
        id: source.id.to_string(),
        code: source.code,
        name: source.name,
        description: source.description,
        active: Some(source.active),
        strategy: DistributionStrategy::from(source.strategy).into(),
        weights: weights
            .into_iter()
            .map(proto::OperatorWeight::from)
            .collect(),
        create_time: Some(timestamp(source.create_time)),
        update_time: Some(timestamp(source.update_time)),
        delete_time: source.delete_time.map(timestamp),
        etag: source.revision.to_string(),
    }
}

impl From<OperatorWeight> for proto::OperatorWeight {
    fn from(weight: OperatorWeight) -> Self {
        Self {
            source_id: weight.source_id.to_string(),
            operator_id: weight.operator_id.to_string(),
            weight: Some(weight.weight),
            create_time: Some(timestamp(weight.create_time)),
            update_time: Some(timestamp(weight.update_time)),
            operator_name: weight.operator_name,
        }
    }
}

pub fn code(violations: &mut Violations, field: &str, code: &str) -> String {
    let code = normalize_code(code);
    if !is_code(&code) {
        violations.add(
            field,
            "is not 1 to 64 characters of a-z, 0-9, `.`, `_`, `-`, beginning with a letter or digit",
        );
    }
    code
}

pub fn strategy(violations: &mut Violations, strategy: i32) -> Strategy {
    let strategy: DistributionStrategy = violations.known_enum("source.strategy", strategy);
    Option::from(strategy).unwrap_or(Strategy::WeightedRandom)
}
