//! Operators: the people who handle contacts.
//!
//! An operator takes new contacts while it is active and below every limit it
//! has. Its `load` counts its active contacts and changes only in the
//! transaction that changes them. Deleting one keeps its row, so that history
//! keeps its name, and returns its active contacts to the backlog.

pub mod store;
