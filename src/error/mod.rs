//! The one error type and its one mapping to a gRPC status. No SQL, constraint
//! name, path or personal data ever reaches a client through it.

mod database;
mod details;
mod make;
mod reason;
mod resource;
mod status;
mod texts;
mod trailer;

use std::{sync::Arc, time::Duration};

pub use database::violated_key;
pub use details::SOON;
pub use reason::Reason;
pub use resource::Resource;
use tonic::Code;
use tonic_types::FieldViolation;
use uuid::Uuid;

use crate::ids::OperatorId;

/// Result of everything that can fail on behalf of a caller.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is behind an error that is not the caller's.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Domain of every `google.rpc.ErrorInfo` this service sends.
pub const DOMAIN: &str = "minicrm";

/// What went wrong: one variant per thing a caller can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Fields of the request are wrong: the first of them, and how many more.
    #[error("{}", Reason::InvalidFields)]
    Invalid(Vec<FieldViolation>, usize),
    /// The bytes of the request are not the message they should be.
    #[error("{}", Reason::MalformedRequest)]
    Malformed,
    /// The answer is longer than any may be. What a write did stays done.
    #[error("{}", Reason::AnswerTooLarge)]
    AnswerTooLarge,
    /// The message of the request is longer than any may be.
    #[error("{}", Reason::MessageTooLarge)]
    MessageTooLarge,
    /// There is no such method, or its answer cannot be encoded as asked for.
    #[error("{}", Reason::Unimplemented)]
    Unimplemented,
    /// The `request_id` was used for another request.
    #[error("{}", Reason::RequestIdReused)]
    RequestIdReused,
    /// The organization is not the caller's.
    #[error("{}", Reason::OrganizationDenied)]
    OrganizationDenied,
    /// Nobody knows who calls.
    #[error("{}", Reason::Unauthenticated)]
    Unauthenticated,
    /// E-mail or password is wrong; which of them is not said.
    #[error("{}", Reason::CredentialsInvalid)]
    CredentialsInvalid,
    /// The caller may not do this.
    #[error("{0}")]
    Denied(Reason),
    /// Too many attempts for an account or from a peer.
    #[error("{}", Reason::TooManyAttempts)]
    TooManyAttempts {
        /// When the next one may be made.
        retry_after: Duration,
    },
    /// More calls in a second than are allowed.
    #[error("{}", Reason::RateLimited)]
    RateLimited {
        /// For what: an organization or a key.
        kind: Resource,
        /// Its id.
        id: Uuid,
        /// When the next one may be made.
        retry_after: Duration,
    },
    /// As many as there may be are there already.
    #[error("There may be no more {what}.")]
    QuotaExceeded {
        /// Of what, in the plural.
        what: &'static str,
        /// Of what kind the thing is that has them.
        kind: Resource,
        /// Its id.
        id: Uuid,
    },
    /// There is no authentication, and so there are no users.
    #[error("{}", Reason::AuthenticationOff)]
    AuthenticationOff,
    /// No mails are sent.
    #[error("{}", Reason::MailOff)]
    MailOff,
    /// There is no such thing.
    #[error("There is no such {kind}.")]
    NotFound {
        /// What kind of thing.
        kind: Resource,
        /// Its id or code, as the caller gave it.
        id: String,
    },
    /// Another one has a value that must be unique.
    #[error("Another {kind} has this {} already.", texts::words(.field))]
    AlreadyExists {
        /// What kind of thing.
        kind: Resource,
        /// The field that must be unique.
        field: &'static str,
    },
    /// Others have values that must be unique; all of them are named.
    #[error("{}", texts::taken(*.kind, .fields))]
    Taken {
        /// What kind of thing.
        kind: Resource,
        /// The fields that must be unique, each with the id of the thing that has its
        /// value. At least one.
        fields: Vec<(&'static str, Uuid)>,
    },
    /// The operator can take no more.
    #[error("{}", texts::full(*.limit, *.window_seconds))]
    OperatorFull {
        /// Who.
        id: OperatorId,
        /// How many they can have.
        limit: i32,
        /// Within what time they were given them; none if it is about those they have.
        window_seconds: Option<i32>,
    },
    /// What the request led to has been erased.
    #[error("{}", Reason::ResultErased)]
    ResultErased,
    /// The thing is in a state that does not allow it.
    #[error("{reason}")]
    Precondition {
        /// What stands in the way.
        reason: Reason,
        /// What kind of thing is in that state.
        kind: Resource,
        /// Its id.
        id: Uuid,
    },
    /// The etag is not the present one.
    #[error("The {kind} has changed since it was read.")]
    Stale {
        /// What kind of thing.
        kind: Resource,
        /// Its id.
        id: Uuid,
    },
    /// Concurrent transactions got in each other's way; nothing was done.
    #[error("{}", Reason::TransactionConflict)]
    Conflict,
    /// Too much is waiting already; nothing was done.
    #[error("{}", Reason::Overloaded)]
    Overloaded {
        /// What for, for the metrics.
        what: &'static str,
        /// When there may be less.
        retry_after: Duration,
    },
    /// Too many answers wait to be sent for this one to be kept; a write was done.
    #[error("{}", Reason::AnswersWaiting)]
    AnswersWaiting,
    /// The call's deadline has passed; what a write did is unknown.
    #[error("{}", Reason::DeadlineExceeded)]
    DeadlineExceeded,
    /// A lock or a statement took too long; nothing was done.
    #[error("{}", Reason::ResourceBusy)]
    Busy,
    /// The database has no room for more; nothing was done.
    #[error("{}", Reason::StorageFull)]
    StorageFull,
    /// The database cannot be reached; what a write did is unknown.
    #[error("{}", Reason::DatabaseUnavailable)]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The database must not be used as it is; for the terminal.
    #[error("The database {0}.")]
    Refused(String),
    /// A fault of ours.
    #[error("Something went wrong in the service (incident {incident}).")]
    Internal {
        /// What the caller can name it by; the log has it, too.
        incident: Uuid,
        /// What is behind it.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// The error and all that is behind it, for the log.
    pub fn chain(&self) -> String {
        chain(self)
    }

    /// Whether nothing was done and the same again may succeed at once.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Conflict)
    }

    /// Whether the connection to the database is gone.
    pub fn is_connection_lost(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// The code of its status.
    pub fn code(&self) -> Code {
        self.reason().code()
    }

    /// The reason in its `ErrorInfo`.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Invalid(..) => Reason::InvalidFields,
            Self::Malformed => Reason::MalformedRequest,
            Self::RequestIdReused => Reason::RequestIdReused,
            Self::OrganizationDenied => Reason::OrganizationDenied,
            Self::Unauthenticated => Reason::Unauthenticated,
            Self::CredentialsInvalid => Reason::CredentialsInvalid,
            Self::Denied(reason) | Self::Precondition { reason, .. } => *reason,
            Self::TooManyAttempts { .. } => Reason::TooManyAttempts,
            Self::RateLimited { .. } => Reason::RateLimited,
            Self::QuotaExceeded { .. } => Reason::QuotaExceeded,
            Self::MessageTooLarge => Reason::MessageTooLarge,
            Self::AnswerTooLarge => Reason::AnswerTooLarge,
            Self::StorageFull => Reason::StorageFull,
            Self::Unimplemented => Reason::Unimplemented,
            Self::AuthenticationOff => Reason::AuthenticationOff,
            Self::MailOff => Reason::MailOff,
            Self::NotFound { .. } => Reason::ResourceNotFound,
            Self::AlreadyExists { .. } | Self::Taken { .. } => Reason::ResourceAlreadyExists,
            Self::OperatorFull { .. } => Reason::OperatorAtLimit,
            Self::ResultErased => Reason::ResultErased,
            Self::Stale { .. } => Reason::EtagMismatch,
            Self::Conflict => Reason::TransactionConflict,
            Self::Overloaded { .. } => Reason::Overloaded,
            Self::AnswersWaiting => Reason::AnswersWaiting,
            Self::DeadlineExceeded => Reason::DeadlineExceeded,
            Self::Busy => Reason::ResourceBusy,
            Self::Unavailable(_) | Self::Refused(_) => Reason::DatabaseUnavailable,
            Self::Internal { .. } => Reason::Internal,
        }
    }
}

/// An error and all that is behind it, for the log or the terminal.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
