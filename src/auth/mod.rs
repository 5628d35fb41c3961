//! Users: their passwords, sessions and tokens.

pub mod tokens;
