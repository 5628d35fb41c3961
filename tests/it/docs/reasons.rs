//! An error of each reason.

use std::{sync::Arc, time::Duration};

use minicrm::{
    error::{Error, Reason, Resource},
    ids::OperatorId,
};
use tonic_types::FieldViolation;
use uuid::Uuid;

const ID: Uuid = Uuid::nil();
const DELAY: Duration = Duration::from_secs(1);

fn invalid() -> Error {
    let field = FieldViolation::new("lead.phone", "is not a valid phone number");
    Error::Invalid(vec![field], 0)
}

fn internal() -> Error {
    Error::Internal {
        incident: ID,
        cause: Arc::new(std::io::Error::other("")),
    }
}

/// An error of this reason.
pub fn example(reason: Reason) -> Error {
    let precondition = |kind| Error::Precondition {
        reason,
        kind,
        id: ID,
    };
    match reason {
        Reason::InvalidFields => invalid(),
        Reason::MalformedRequest => Error::Malformed,
        Reason::RequestIdReused => Error::RequestIdReused,
        Reason::Unauthenticated => Error::Unauthenticated,
        Reason::CredentialsInvalid => Error::CredentialsInvalid,
        Reason::OrganizationDenied => Error::OrganizationDenied,
        Reason::OrganizationRequired
        | Reason::RoleDenied
        | Reason::NotOwn
        | Reason::StageRollback
        | Reason::OwnerRequired
        | Reason::UserRequired
        | Reason::InvitationRequired
        | Reason::RegistrationClosed => Error::Denied(reason),
        Reason::ResourceNotFound => Error::not_found(Resource::Lead, ID),
        Reason::ResourceAlreadyExists => Error::taken(Resource::Lead, vec![("phone", ID)]),
        Reason::OperatorAtLimit => Error::OperatorFull {
            id: OperatorId::from_uuid(ID),
            limit: 3,
            window_seconds: None,
        },
        Reason::OperatorInactive => precondition(Resource::Operator),
        Reason::SourceInactive | Reason::TooManyWeights => precondition(Resource::Source),
        Reason::ContactClosed => precondition(Resource::Contact),
        Reason::LeadHasOpenContacts | Reason::LeadHasDeals => precondition(Resource::Lead),
        Reason::DealAmountRequired | Reason::DealClosed | Reason::DealOpen => {
            precondition(Resource::Deal)
        }
        Reason::LastOwner => precondition(Resource::Organization),
        Reason::ResultErased => Error::ResultErased,
        Reason::AuthenticationOff => Error::AuthenticationOff,
        Reason::MailOff => Error::MailOff,
        Reason::EtagMismatch => Error::Stale {
            kind: Resource::Deal,
            id: ID,
        },
        Reason::TransactionConflict => Error::Conflict,
        Reason::ResourceBusy => Error::Busy,
        Reason::Overloaded => Error::overloaded("queue"),
        Reason::AnswersWaiting => Error::AnswersWaiting,
        Reason::RateLimited => Error::RateLimited {
            kind: Resource::ApiKey,
            id: ID,
            retry_after: DELAY,
        },
        Reason::QuotaExceeded => Error::QuotaExceeded {
            what: "pending invitations",
            kind: Resource::Organization,
            id: ID,
        },
        Reason::MessageTooLarge => Error::MessageTooLarge,
        Reason::AnswerTooLarge => Error::AnswerTooLarge,
        Reason::StorageFull => Error::StorageFull,
        Reason::TooManyAttempts => Error::TooManyAttempts { retry_after: DELAY },
        Reason::DeadlineExceeded => Error::DeadlineExceeded,
        Reason::DatabaseUnavailable => Error::unavailable("gone"),
        Reason::Unimplemented => Error::Unimplemented,
        Reason::Internal => internal(),
    }
}
