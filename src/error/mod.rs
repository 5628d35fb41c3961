//! The one error type and its one mapping to a gRPC status. No SQL, constraint
//! name, path or personal data ever reaches a client through it.

mod database;
mod details;
mod reasons;

use std::{fmt::Display, sync::Arc, time::Duration};

pub use database::violated_key;
pub use details::SOON;
use prost::Message;
pub use reasons::*;
use tonic::{Code, Status};
use tonic_types::{FieldViolation, StatusExt};
use uuid::Uuid;

/// Result of everything that can fail on behalf of a caller.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is behind an error that is not the caller's.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Domain of every `google.rpc.ErrorInfo` this service sends.
pub const DOMAIN: &str = "minicrm";

/// The metadata that tells a client of gRPC when to repeat a call.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// What went wrong: one variant per thing a caller can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Fields of the request are wrong; all of them are named.
    #[error("the request has invalid fields")]
    Invalid(Vec<FieldViolation>),
    /// The bytes of the request are not the message they should be.
    #[error("the request cannot be decoded")]
    Malformed,
    /// The message of the request is longer than any may be.
    #[error("the request is too long")]
    MessageTooLarge,
    /// There is no such method, or its answer cannot be encoded as asked for.
    #[error("there is no such method, or not with this encoding")]
    Unimplemented,
    /// The `request_id` was used for another request.
    #[error("the request_id was used for another request")]
    RequestIdReused,
    /// The organization is not the caller's.
    #[error("no access to this organization")]
    OrganizationDenied,
    /// Nobody knows who calls.
    #[error("the call carries no valid token or key")]
    Unauthenticated,
    /// E-mail or password is wrong; which of them is not said.
    #[error("the credentials are wrong")]
    CredentialsInvalid,
    /// The caller may not do this.
    #[error("the caller may not do this: {0}")]
    Denied(&'static str),
    /// Too many attempts for an account or from a peer.
    #[error("too many attempts")]
    TooManyAttempts {
        /// When the next one may be made.
        retry_after: Duration,
    },
    /// More calls in a second than are allowed.
    #[error("too many calls a second")]
    RateLimited {
        /// For what: an organization or a key.
        kind: &'static str,
        /// Its id.
        id: Uuid,
        /// When the next one may be made.
        retry_after: Duration,
    },
    /// There is no authentication, and so there are no users.
    #[error("the service runs without authentication")]
    AuthenticationOff,
    /// There is no such thing.
    #[error("{kind} not found")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// Its id or code, as the caller gave it.
        id: String,
    },
    /// Another one has a value that must be unique.
    #[error("a {kind} with this {field} already exists")]
    AlreadyExists {
        /// What kind of thing.
        kind: &'static str,
        /// The field that must be unique.
        field: &'static str,
    },
    /// The thing is in a state that does not allow it.
    #[error("{reason}: {kind} {id}")]
    Precondition {
        /// What stands in the way: one of the constants below.
        reason: &'static str,
        /// What kind of thing is in that state.
        kind: &'static str,
        /// Its id.
        id: Uuid,
    },
    /// The etag is not the present one.
    #[error("the {kind} has changed since it was read")]
    Stale {
        /// What kind of thing.
        kind: &'static str,
        /// Its id.
        id: Uuid,
    },
    /// Concurrent transactions got in each other's way; nothing was done.
    #[error("concurrent changes got in each other's way")]
    Conflict,
    /// Too much is waiting already; nothing was done.
    #[error("too many requests are waiting")]
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
    #[error("the deadline has passed")]
    DeadlineExceeded,
    /// A lock or a statement took too long; nothing was done.
    #[error("the database took too long")]
    Busy,
    /// The database has no room for more; nothing was done.
    #[error("the disk of the database is full")]
    StorageFull,
    /// The database cannot be reached; what a write did is unknown.
    #[error("the database is not available")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// A fault of ours.
    #[error("internal error {incident}")]
    Internal {
        /// What the caller can name it by; the log has it, too.
        incident: Uuid,
        /// What is behind it.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// There is no `kind` with this id.
    pub fn not_found(kind: &'static str, id: impl Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }

    /// Too much is waiting already: `what`, for the metrics.
    pub fn overloaded(what: &'static str) -> Self {
        Self::Overloaded {
            what,
            retry_after: SOON,
        }
    }

    /// A fault of ours.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal {
            incident: Uuid::now_v7(),
            cause: Arc::from(cause.into()),
        }
    }

    /// The database cannot be reached.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(Arc::from(cause.into()))
    }

    /// Refuses if `etag` is given and not that of the present `revision`.
    pub fn check_etag(kind: &'static str, id: Uuid, etag: &str, revision: i32) -> Result<()> {
        if etag.is_empty() || etag == revision.to_string() {
            Ok(())
        } else {
            Err(Self::Stale { kind, id })
        }
    }

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

    /// The status as a message, for a result among others.
    pub fn to_rpc_status(&self) -> tonic_types::Status {
        tonic_types::Status::decode(Status::from(self).details()).unwrap_or_default()
    }

    /// The code of its status.
    pub fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::Malformed | Self::RequestIdReused => Code::InvalidArgument,
            Self::Unauthenticated | Self::CredentialsInvalid => Code::Unauthenticated,
            Self::OrganizationDenied | Self::Denied(_) => Code::PermissionDenied,
            Self::NotFound { .. } => Code::NotFound,
            Self::AlreadyExists { .. } => Code::AlreadyExists,
            Self::Precondition { .. } | Self::AuthenticationOff => Code::FailedPrecondition,
            Self::Stale { .. } | Self::Conflict | Self::Busy => Code::Aborted,
            Self::Overloaded { .. }
            | Self::AnswersWaiting
            | Self::TooManyAttempts { .. }
            | Self::RateLimited { .. }
            | Self::MessageTooLarge
            | Self::StorageFull => Code::ResourceExhausted,
            Self::Unimplemented => Code::Unimplemented,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Unavailable(_) => Code::Unavailable,
            Self::Internal { .. } => Code::Internal,
        }
    }

    /// The reason in its `ErrorInfo`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID_FIELDS",
            Self::Malformed => "MALFORMED_REQUEST",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::OrganizationDenied => "ORGANIZATION_DENIED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::CredentialsInvalid => "CREDENTIALS_INVALID",
            Self::Denied(reason) | Self::Precondition { reason, .. } => reason,
            Self::TooManyAttempts { .. } => "TOO_MANY_ATTEMPTS",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::MessageTooLarge => "MESSAGE_TOO_LARGE",
            Self::StorageFull => "STORAGE_FULL",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::AuthenticationOff => "AUTHENTICATION_OFF",
            Self::NotFound { .. } => "RESOURCE_NOT_FOUND",
            Self::AlreadyExists { .. } => "RESOURCE_ALREADY_EXISTS",
            Self::Stale { .. } => "ETAG_MISMATCH",
            Self::Conflict => "TRANSACTION_CONFLICT",
            Self::Overloaded { .. } => "OVERLOADED",
            Self::AnswersWaiting => "ANSWERS_WAITING",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Busy => "RESOURCE_BUSY",
            Self::Unavailable(_) => "DATABASE_UNAVAILABLE",
            Self::Internal { .. } => "INTERNAL",
        }
    }
}

impl From<&Error> for Status {
    fn from(error: &Error) -> Self {
        let mut status = Self::with_error_details(error.code(), error.to_string(), error.details());
        if let Some(delay) = error.retry_after() {
            // What RetryInfo says, for clients that repeat calls by themselves.
            let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            status.metadata_mut().insert(PUSHBACK, millis.into());
        }
        status
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
