//! Words that several features share and none owns. Imports nothing above the base.

pub mod deal;
mod text_enum;

pub(crate) use text_enum::text_enum;
