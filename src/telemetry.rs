//! Logs, by tracing-subscriber, on standard error. No personal data may be
//! logged: ids and sizes only.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, filter::ParseError, fmt};

use crate::config::LogFormat;

/// Starts logging.
pub fn start(filter: &str, format: LogFormat) -> Result<(), ParseError> {
    // The driver would log the values of every statement.
    let filter = EnvFilter::try_new(filter)?.add_directive("tokio_postgres=info".parse()?);
    let subscriber = fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Text => subscriber.with_target(false).init(),
        LogFormat::Json => subscriber.json().init(),
    }
    Ok(())
}
