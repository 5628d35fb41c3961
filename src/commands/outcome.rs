//! What a command ends with.

/// Result of a command; the error is a message for the terminal.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
