//! Rows and words that several modules share and none owns: what an operator is, where a
//! contact or a deal stands, what can happen to things. Imports nothing above the base.

pub mod amount;
pub mod change;
mod contact_status;
pub mod deal;
mod operator;
mod text_enum;

pub use change::Change;
pub use contact_status::ContactStatus;
pub use operator::Operator;
pub(crate) use text_enum::text_enum;
