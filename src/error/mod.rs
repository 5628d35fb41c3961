//! The one error type and its one mapping to a gRPC status. No SQL, constraint
//! name, path or personal data ever reaches a client through it.

mod database;
mod details;
mod make;
mod reasons;
mod status;
mod texts;
mod trailer;

use std::{sync::Arc, time::Duration};

pub use database::violated_key;
pub use details::SOON;
pub use reasons::*;
use tonic::Code;
use tonic_types::FieldViolation;
use uuid::Uuid;

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
    #[error("The request has invalid fields.")]
    Invalid(Vec<FieldViolation>, usize),
    /// The bytes of the request are not the message they should be.
    #[error("The request cannot be decoded.")]
    Malformed,
    /// The answer is longer than any may be. What a write did stays done.
    #[error("The answer is too long.")]
    AnswerTooLarge,
    /// The message of the request is longer than any may be.
    #[error("The request is too long.")]
    MessageTooLarge,
    /// There is no such method, or its answer cannot be encoded as asked for.
    #[error("There is no such method, or not with this encoding.")]
    Unimplemented,
    /// The `request_id` was used for another request.
    #[error("The request_id was used for another request.")]
    RequestIdReused,
    /// The organization is not the caller's.
    #[error("You have no access to this organization.")]
    OrganizationDenied,
    /// Nobody knows who calls.
    #[error("The call carries no valid token or key.")]
    Unauthenticated,
    /// E-mail or password is wrong; which of them is not said.
    #[error("The credentials are wrong.")]
    CredentialsInvalid,
    /// The caller may not do this.
    #[error("{}", texts::denied(.0))]
    Denied(&'static str),
    /// Too many attempts for an account or from a peer.
    #[error("There were too many attempts. Try again later.")]
    TooManyAttempts {
        /// When the next one may be made.
        retry_after: Duration,
    },
    /// More calls in a second than are allowed.
    #[error("There are too many calls a second. Try again later.")]
    RateLimited {
        /// For what: an organization or a key.
        kind: &'static str,
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
        kind: &'static str,
        /// Its id.
        id: Uuid,
    },
    /// There is no authentication, and so there are no users.
    #[error("The service runs without authentication, so there are no users.")]
    AuthenticationOff,
    /// No mails are sent.
    #[error("The service sends no mails.")]
    MailOff,
    /// There is no such thing.
    #[error("There is no such {}.", texts::words(.kind))]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// Its id or code, as the caller gave it.
        id: String,
    },
    /// Another one has a value that must be unique.
    #[error("Another {} has this {} already.", texts::words(.kind), texts::words(.field))]
    AlreadyExists {
        /// What kind of thing.
        kind: &'static str,
        /// The field that must be unique.
        field: &'static str,
    },
    /// Others have values that must be unique; all of them are named.
    #[error("{}", texts::taken(.kind, .fields))]
    Taken {
        /// What kind of thing.
        kind: &'static str,
        /// The fields that must be unique, each with the id of the thing that has its
        /// value. At least one.
        fields: Vec<(&'static str, Uuid)>,
    },
    /// The operator can take no more.
    #[error("{}", texts::full(*.limit, *.window_seconds))]
    OperatorFull {
        /// Who.
        id: Uuid,
        /// How many they can have.
        limit: i32,
        /// Within what time they were given them; none if it is about those they have.
        window_seconds: Option<i32>,
    },
    /// What the request led to has been erased.
    #[error("The request was done before, and what it led to has been erased since.")]
    ResultErased,
    /// The thing is in a state that does not allow it.
    #[error("{}", texts::precondition(.reason))]
    Precondition {
        /// What stands in the way: one of the constants below.
        reason: &'static str,
        /// What kind of thing is in that state.
        kind: &'static str,
        /// Its id.
        id: Uuid,
    },
    /// The etag is not the present one.
    #[error("The {} has changed since it was read.", texts::words(.kind))]
    Stale {
        /// What kind of thing.
        kind: &'static str,
        /// Its id.
        id: Uuid,
    },
    /// Concurrent transactions got in each other's way; nothing was done.
    #[error("Concurrent changes got in each other's way. Try again.")]
    Conflict,
    /// Too much is waiting already; nothing was done.
    #[error("Too many requests are waiting. Try again later.")]
    Overloaded {
        /// What for, for the metrics.
        what: &'static str,
        /// When there may be less.
        retry_after: Duration,
    },
    /// Too many answers wait to be sent for this one to be kept; a write was done.
    #[error("too many answers are waiting to be sent")]
    AnswersWaiting,
    /// The call's deadline has passed; what a write did is unknown.
    #[error("The deadline has passed.")]
    DeadlineExceeded,
    /// A lock or a statement took too long; nothing was done.
    #[error("The database took too long. Try again.")]
    Busy,
    /// The database has no room for more; nothing was done.
    #[error("The disk of the database is full.")]
    StorageFull,
    /// The database cannot be reached; what a write did is unknown.
    #[error("The database is not available. Try again later.")]
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
        match self {
            Self::Invalid(..) | Self::Malformed | Self::RequestIdReused => Code::InvalidArgument,
            Self::Unauthenticated | Self::CredentialsInvalid => Code::Unauthenticated,
            Self::OrganizationDenied | Self::Denied(_) => Code::PermissionDenied,
            Self::NotFound { .. } => Code::NotFound,
            Self::AlreadyExists { .. } | Self::Taken { .. } => Code::AlreadyExists,
            Self::Precondition { .. }
            | Self::OperatorFull { .. }
            | Self::ResultErased
            | Self::AuthenticationOff
            | Self::MailOff => Code::FailedPrecondition,
            Self::Stale { .. } | Self::Conflict | Self::Busy => Code::Aborted,
            Self::Overloaded { .. }
            | Self::AnswersWaiting
            | Self::TooManyAttempts { .. }
            | Self::RateLimited { .. }
            | Self::QuotaExceeded { .. }
            | Self::MessageTooLarge
            | Self::AnswerTooLarge
            | Self::StorageFull => Code::ResourceExhausted,
            Self::Unimplemented => Code::Unimplemented,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Unavailable(_) | Self::Refused(_) => Code::Unavailable,
            Self::Internal { .. } => Code::Internal,
        }
    }

    /// The reason in its `ErrorInfo`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(..) => "INVALID_FIELDS",
            Self::Malformed => "MALFORMED_REQUEST",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::OrganizationDenied => "ORGANIZATION_DENIED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::CredentialsInvalid => "CREDENTIALS_INVALID",
            Self::Denied(reason) | Self::Precondition { reason, .. } => reason,
            Self::TooManyAttempts { .. } => "TOO_MANY_ATTEMPTS",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::QuotaExceeded { .. } => "QUOTA_EXCEEDED",
            Self::MessageTooLarge => "MESSAGE_TOO_LARGE",
            Self::AnswerTooLarge => "ANSWER_TOO_LARGE",
            Self::StorageFull => "STORAGE_FULL",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::AuthenticationOff => "AUTHENTICATION_OFF",
            Self::MailOff => "MAIL_OFF",
            Self::NotFound { .. } => "RESOURCE_NOT_FOUND",
            Self::AlreadyExists { .. } | Self::Taken { .. } => "RESOURCE_ALREADY_EXISTS",
            Self::OperatorFull { .. } => OPERATOR_AT_LIMIT,
            Self::ResultErased => "RESULT_ERASED",
            Self::Stale { .. } => "ETAG_MISMATCH",
            Self::Conflict => "TRANSACTION_CONFLICT",
            Self::Overloaded { .. } => "OVERLOADED",
            Self::AnswersWaiting => "ANSWERS_WAITING",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Busy => "RESOURCE_BUSY",
            Self::Unavailable(_) | Self::Refused(_) => "DATABASE_UNAVAILABLE",
            Self::Internal { .. } => "INTERNAL",
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
