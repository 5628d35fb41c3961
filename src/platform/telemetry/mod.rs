//! What the service says of itself: logs on standard error, metrics, traces. No
//! personal data may be in any of them: ids, names of methods and sizes only.

pub mod call;
pub mod config;
pub mod metrics;
#[cfg(feature = "otlp")]
mod otlp;
mod reminder;
#[cfg(feature = "otlp")]
mod statements;
pub mod trace;

use std::{
    fmt::Display,
    io::{self, IsTerminal},
};

pub use reminder::Reminder;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt, ParseError, filter_fn},
    fmt,
    layer::SubscriberExt,
    reload,
    util::SubscriberInitExt,
};

use config::LogFormat;

/// Logs and traces, once they are started.
#[derive(Clone)]
pub struct Telemetry {
    filter: reload::Handle<EnvFilter, Registry>,
    #[cfg(feature = "otlp")]
    traces: Option<otlp::Provider>,
}

/// Starts logs, filtered by directives, and traces, if there is somewhere to send them. The
/// error is a message for the terminal.
pub fn start(log: &str, format: LogFormat, traces: Option<&str>) -> Result<Telemetry, String> {
    let wrong = |error: ParseError| format!("--log or RUST_LOG: {error}");
    let filter = EnvFilter::try_new(log).map_err(wrong)?;
    let (filter, handle) = reload::Layer::new(filter);
    let log = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let log = match format {
        LogFormat::Text => log.with_target(false).boxed(),
        LogFormat::Json => log.json().boxed(),
    };
    let subscriber = tracing_subscriber::registry()
        .with(log.with_filter(filter.and(filter_fn(holds_no_values))));

    #[cfg(feature = "otlp")]
    {
        let traces = traces.map(otlp::start).transpose()?;
        let layer = traces.as_ref().map(otlp::layer);
        subscriber.with(layer).init();
        Ok(Telemetry {
            filter: handle,
            traces,
        })
    }
    #[cfg(not(feature = "otlp"))]
    {
        if traces.is_some() {
            return Err("--otlp-endpoint: needs a build with the feature `otlp`".into());
        }
        subscriber.init();
        Ok(Telemetry { filter: handle })
    }
}

/// Whatever is asked for: the driver would log the values of every statement.
fn holds_no_values(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !metadata.target().starts_with("tokio_postgres")
}

impl Telemetry {
    /// What is logged.
    pub fn log_filter(&self) -> String {
        self.filter
            .with_current(ToString::to_string)
            .unwrap_or_default()
    }

    /// Logs this from now on. The error is a message for whoever asked.
    pub fn set_log_filter(&self, directives: &str) -> Result<(), String> {
        let text = |error: &dyn Display| error.to_string();
        let filter = EnvFilter::try_new(directives).map_err(|error| text(&error))?;
        self.filter.reload(filter).map_err(|error| text(&error))
    }

    /// Sends the traces that have not been sent yet.
    pub fn end(self) {
        #[cfg(feature = "otlp")]
        if let Some(traces) = self.traces {
            otlp::end(&traces);
        }
    }
}
