//! Logs, by tracing-subscriber, on standard error. No personal data may be
//! logged: ids and sizes only.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, filter::ParseError, fmt};

use crate::config::LogFormat;

/// Starts logging.
pub fn start(filter: &str, format: LogFormat) -> Result<(), ParseError> {
    let subscriber = fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Text => subscriber.with_target(false).init(),
        LogFormat::Json => subscriber.json().init(),
    }
    Ok(())
}
