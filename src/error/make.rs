//! How errors are made.

use std::{fmt::Display, sync::Arc};

use uuid::Uuid;

use super::{Cause, Error, Resource, Result, SOON};
use crate::ids;

impl Error {
    /// There is no `kind` with this id.
    pub fn not_found(kind: Resource, id: impl Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }

    /// Others of this `kind` have the values of these fields, which must be unique.
    pub fn taken(kind: Resource, fields: Vec<(&'static str, impl Into<Uuid>)>) -> Self {
        let fields = fields.into_iter();
        Self::Taken {
            kind,
            fields: fields.map(|(field, id)| (field, id.into())).collect(),
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
            incident: ids::generate(),
            cause: Arc::from(cause.into()),
        }
    }

    /// The database cannot be reached.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(Arc::from(cause.into()))
    }

    /// The database must not be used as it is.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    /// Refuses if `etag` is given and not that of the present `revision`.
    pub fn check_etag(
        kind: Resource,
        id: impl Into<Uuid>,
        etag: &str,
        revision: i32,
    ) -> Result<()> {
        if etag.is_empty() || etag == revision.to_string() {
            Ok(())
        } else {
            Err(Self::Stale {
                kind,
                id: id.into(),
            })
        }
    }
}
