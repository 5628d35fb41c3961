//! Requests and answers, field by field: checks, update masks, pages, and how the service
//! describes itself.

pub(crate) mod convert;
pub mod idempotent;
pub(crate) mod mask;
pub mod page;
pub(crate) mod reflection;
pub mod validate;
pub(crate) mod whose;
