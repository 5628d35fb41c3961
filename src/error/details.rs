//! What a status says of an error, beyond its code and its text.

use std::{collections::HashMap, time::Duration};

use tonic_types::ErrorDetails;
use uuid::Uuid;

use super::{DOMAIN, Error, Reason, Resource};

/// After what time to try again what others stood in the way of.
pub const SOON: Duration = Duration::from_millis(200);
/// The same for what needs the database.
const LATER: Duration = Duration::from_secs(1);

impl Error {
    /// When to try again, if trying the same again may help.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Conflict | Self::Busy | Self::AnswersWaiting => Some(SOON),
            Self::Unavailable(_) => Some(LATER),
            Self::Overloaded { retry_after, .. }
            | Self::TooManyAttempts { retry_after }
            | Self::RateLimited { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    pub(super) fn details(&self) -> ErrorDetails {
        let mut metadata = HashMap::new();
        let mut details = ErrorDetails::new();
        match self {
            Self::Invalid(violations, _) => {
                details.set_bad_request(violations.clone());
            }
            Self::RequestIdReused => {
                details.add_bad_request_violation("request_id", self.to_string());
            }
            Self::NotFound { kind, id } => {
                metadata.insert("resource_type".to_owned(), kind.as_str().to_owned());
                metadata.insert("resource_name".to_owned(), id.clone());
                details.set_resource_info(kind.as_str(), id, "", self.to_string());
            }
            Self::AlreadyExists { kind, field } => {
                metadata.insert("resource_type".to_owned(), kind.as_str().to_owned());
                metadata.insert("field".to_owned(), (*field).to_owned());
                details.set_resource_info(kind.as_str(), *field, "", self.to_string());
            }
            Self::Taken { kind, fields } => {
                metadata.insert("resource_type".to_owned(), kind.as_str().to_owned());
                let names: Vec<_> = fields.iter().map(|(field, _)| *field).collect();
                metadata.insert("field".to_owned(), names.join(","));
                for (field, id) in fields {
                    metadata.insert(format!("{field}_taken_by"), id.to_string());
                }
                let first = fields.first().map(|(_, id)| id.to_string());
                details.set_resource_info(
                    kind.as_str(),
                    first.unwrap_or_default(),
                    "",
                    self.to_string(),
                );
            }
            Self::Precondition { reason, kind, id } => {
                precondition(self, &mut metadata, &mut details, (*reason, *kind, *id));
            }
            Self::OperatorFull { id, .. } => {
                let violation = (Reason::OperatorAtLimit, Resource::Operator, id.as_uuid());
                precondition(self, &mut metadata, &mut details, violation);
            }
            Self::Stale { kind, id } => {
                metadata.insert(format!("{}_id", kind.as_str()), id.to_string());
            }
            Self::RateLimited { kind, id, .. } | Self::QuotaExceeded { kind, id, .. } => {
                details.add_quota_failure_violation(
                    format!("{}:{id}", kind.as_str()),
                    self.to_string(),
                );
            }
            Self::Internal { incident, .. } => {
                metadata.insert("incident".to_owned(), incident.to_string());
            }
            Self::Conflict
            | Self::ResultErased
            | Self::Busy
            | Self::Overloaded { .. }
            | Self::AnswersWaiting
            | Self::Unavailable(_)
            | Self::TooManyAttempts { .. }
            | Self::Malformed
            | Self::OrganizationDenied
            | Self::Unauthenticated
            | Self::CredentialsInvalid
            | Self::Denied(_)
            | Self::AuthenticationOff
            | Self::MailOff
            | Self::MessageTooLarge
            | Self::AnswerTooLarge
            | Self::StorageFull
            | Self::Unimplemented
            | Self::Refused(_)
            | Self::DeadlineExceeded => {}
        }
        if let Some(delay) = self.retry_after() {
            details.set_retry_info(Some(delay));
        }
        details.set_error_info(self.reason().as_str(), DOMAIN, metadata);
        details
    }
}

/// What kind of thing is in a state that does not allow it, and why.
fn precondition(
    error: &Error,
    metadata: &mut HashMap<String, String>,
    details: &mut ErrorDetails,
    (reason, kind, id): (Reason, Resource, Uuid),
) {
    metadata.insert(format!("{}_id", kind.as_str()), id.to_string());
    details.add_precondition_failure_violation(
        reason.as_str(),
        format!("{}/{id}", kind.as_str()),
        error.to_string(),
    );
}
