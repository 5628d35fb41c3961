//! Rows and words that more than one module below the features speaks of: what an operator
//! is, where a contact stands. Knows the schema and nothing else of this crate.

mod contact_status;
mod operator;
mod text_enum;

pub use contact_status::ContactStatus;
pub use operator::Operator;
pub(crate) use text_enum::text_enum;
