//! What speaks proto: a folder per service, a function per method that checks the request,
//! runs it in a transaction and answers. Only the server imports these; they import each
//! other only for what several answer ([`convert`], [`enums`]).

pub mod activities;
pub mod analytics;
pub mod auth;
pub mod contacts;
pub(crate) mod convert;
pub mod deals;
mod enums;
pub mod leads;
pub mod operators;
pub mod organizations;
pub mod sources;
pub mod tasks;
