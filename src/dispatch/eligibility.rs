//! Who may be given a contact, and why not.

use super::{Demand, RosterEntry};
use crate::{
    error::{Error, Reason, Resource},
    model::text_enum,
};

text_enum! {
    /// Why an operator with a weight on a source cannot take a contact.
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    ExclusionReason {
        /// The weight is 0.
        Paused = "PAUSED",
        /// The operator is not active.
        Inactive = "INACTIVE",
        /// The load has reached its limit.
        AtLoadLimit = "AT_LOAD_LIMIT",
        /// The window's limit is used up.
        AtWindowLimit = "AT_WINDOW_LIMIT",
        /// The contact is being taken from this operator.
        CurrentOperator = "CURRENT_OPERATOR",
    }
}

/// Whether this contact may go to an operator with this weight on its source. The first
/// obstacle is the reason that is recorded: what the operator cannot change comes first.
pub fn eligibility(
    entry: &RosterEntry,
    weight: u32,
    demand: &Demand,
) -> Result<(), ExclusionReason> {
    if weight == 0 {
        return Err(ExclusionReason::Paused);
    }
    is_active(entry)?;
    if demand.current == Some(entry.operator.id) {
        return Err(ExclusionReason::CurrentOperator);
    }
    entry.availability()
}

impl RosterEntry {
    /// Whether the operator can be given one more contact, whatever its source.
    pub fn availability(&self) -> Result<(), ExclusionReason> {
        self.can_reopen()?;
        let limit = self.operator.window_limit;
        if limit.is_some_and(|limit| self.window_load >= limit) {
            return Err(ExclusionReason::AtWindowLimit);
        }
        Ok(())
    }

    /// Whether the operator can have a closed contact of theirs back. The window counts what
    /// was given, and this gives nothing.
    pub fn can_reopen(&self) -> Result<(), ExclusionReason> {
        is_active(self)?;
        let limit = self.operator.load_limit;
        if limit.is_some_and(|limit| self.operator.load >= limit) {
            return Err(ExclusionReason::AtLoadLimit);
        }
        Ok(())
    }

    /// The error of a call that names an operator who cannot take the contact.
    pub fn refusal(&self, reason: ExclusionReason) -> Error {
        let operator = &self.operator;
        let full = |limit: Option<i32>, window_seconds| Error::OperatorFull {
            id: operator.id,
            limit: limit.unwrap_or_default(),
            window_seconds,
        };
        match reason {
            ExclusionReason::AtLoadLimit => full(operator.load_limit, None),
            ExclusionReason::AtWindowLimit => {
                full(operator.window_limit, Some(operator.window_seconds))
            }
            ExclusionReason::Paused
            | ExclusionReason::Inactive
            | ExclusionReason::CurrentOperator => Error::Precondition {
                reason: Reason::OperatorInactive,
                kind: Resource::Operator,
                id: operator.id.into(),
            },
        }
    }
}

fn is_active(entry: &RosterEntry) -> Result<(), ExclusionReason> {
    if entry.operator.active && entry.operator.delete_time.is_none() {
        Ok(())
    } else {
        Err(ExclusionReason::Inactive)
    }
}
