//! What errors of the database mean.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::PoolError;

use super::Error;

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        use DatabaseErrorKind as Kind;
        match &error {
            DieselError::DatabaseError(Kind::SerializationFailure, _) => Self::Conflict,
            DieselError::DatabaseError(
                Kind::ClosedConnection | Kind::UnableToSendCommand | Kind::ReadOnlyTransaction,
                _,
            )
            | DieselError::BrokenTransactionManager => Self::unavailable(error),
            // The driver keeps no SQLSTATE of these; this is the one place that
            // goes by the text.
            DieselError::DatabaseError(Kind::Unknown, info) => match info.message() {
                "deadlock detected" => Self::Conflict,
                text if text.starts_with("canceling statement") => Self::Busy,
                text if text.starts_with("terminating connection")
                    || text.starts_with("the database system is")
                    || text.contains("connection slots")
                    || text.contains("too many clients") =>
                {
                    Self::unavailable(error)
                }
                text if text.ends_with("No space left on device") => Self::StorageFull,
                _ => Self::internal(error),
            },
            _ => Self::internal(error),
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        Self::unavailable(error)
    }
}

/// Name of the unique or foreign key that was violated, if that is the error.
/// The query that may violate it turns it into what it means.
pub fn violated_key(error: &DieselError) -> Option<&str> {
    match error {
        DieselError::DatabaseError(
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation,
            info,
        ) => info.constraint_name(),
        _ => None,
    }
}
