//! The frame around every call: who calls, for which organization and until when, what of
//! the method they are granted, and a task of its own to do it in. It knows no feature.

mod caller;
mod confirm;
mod context;
mod frame;
mod known;
pub mod reply;

pub use self::{
    context::Context,
    frame::{DEVELOPMENT_ORGANIZATION, Frame, FrameParts},
};
