//! Sources: the channels contacts come through, and the weights that share
//! their contacts among operators.
//!
//! A source's `code` is unique among the sources that are not deleted. Whoever
//! writes weights locks the operators concerned, as intake does: once a change
//! is acknowledged, no assignment under the old weights commits any more.

mod change;
mod grpc;
pub mod store;
mod weights;

pub use grpc::Sources;
use store::{Source, Strategy, weights::OperatorWeight};

use crate::{call::reply::timestamp, proto};

/// Longest code of a source, in characters.
const MAX_CODE: usize = 64;

/// The code as it is kept: in lower case.
pub fn normalize_code(code: &str) -> String {
    code.trim().to_ascii_lowercase()
}

/// Whether a normalised code is well-formed.
pub fn is_code(code: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    code.len() <= MAX_CODE
        && code.starts_with(letter)
        && code
            .chars()
            .all(|c| letter(c) || matches!(c, '.' | '_' | '-'))
}

/// The code of a source with this name: the name, if it is one, else made from it:
/// transliterated, hyphens between words.
fn derive_code(name: &str) -> String {
    let code = normalize_code(name);
    if is_code(&code) {
        return code;
    }
    let code: String = slug::slugify(name).chars().take(MAX_CODE).collect();
    let code = code.trim_end_matches('-');
    if code.is_empty() {
        "source".to_owned()
    } else {
        code.to_owned()
    }
}

/// The source as it is answered, with these weights.
fn answer(source: Source, weights: Vec<OperatorWeight>) -> proto::Source {
    let strategy = match source.strategy {
        Strategy::WeightedRandom => proto::DistributionStrategy::WeightedRandom,
    };
    proto::Source {
        id: source.id.to_string(),
        code: source.code,
        name: source.name,
        description: source.description,
        active: Some(source.active),
        strategy: strategy.into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_code_is_well_formed() {
        for (name, code) in [
            ("Telegram Bot", "telegram-bot"),
            ("telegram_bot", "telegram_bot"),
            ("Site.v2", "site.v2"),
            ("_bot", "bot"),
            ("Форма на сайте", "forma-na-saite"),
            ("🙂🙂", "slightly-smiling-face-slightly-smiling-face"),
            ("…", "source"),
            ("---", "source"),
        ] {
            let derived = derive_code(name);
            assert!(is_code(&derived), "{name} gives {derived}");
            if name.is_ascii() || name.starts_with('Ф') {
                assert_eq!(derived, code);
            }
        }
        assert!(is_code(&derive_code(&"long ".repeat(60))));
    }
}
