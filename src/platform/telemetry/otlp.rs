//! Traces by OTLP over gRPC. The usual variables of OpenTelemetry say what is
//! sampled (`OTEL_TRACES_SAMPLER`), how it is sent (`OTEL_BSP_…`), and who sends
//! it (`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`).

use std::time::Duration;

use opentelemetry::{
    Context, KeyValue,
    trace::{
        SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId as OtelTraceId, TraceState,
        TracerProvider,
    },
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::{
    Resource,
    resource::EnvResourceDetector,
    trace::{SdkTracerProvider, Tracer},
};
use tonic::transport::ClientTlsConfig;
use tracing::{Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::{
    Layer,
    filter::{Filtered, Targets},
    registry::LookupSpan,
};

use super::{
    statements::trace_statements,
    trace::{Parent, TraceId},
};

/// How long the last traces may take to be sent.
const FLUSH: Duration = Duration::from_secs(2);

/// Who sends the traces.
pub type Provider = SdkTracerProvider;

/// Starts to send to `endpoint`. The error is a message for the terminal.
pub fn start(endpoint: &str) -> Result<Provider, String> {
    let exporter = SpanExporter::builder().with_tonic();
    // It means nothing to `http://`, and nothing is trusted by itself.
    let tls = ClientTlsConfig::new().with_native_roots();
    let exporter = if endpoint.starts_with("https://") {
        exporter.with_tls_config(tls)
    } else {
        exporter
    };
    let exporter = exporter
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| format!("--otlp-endpoint: {error}"))?;
    let resource = Resource::builder_empty()
        .with_service_name("minicrm")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        // Last: what is named from outside wins.
        .with_detector(Box::new(EnvResourceDetector::new()))
        .build();
    trace_statements();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

/// Makes traces of spans.
pub fn layer<S>(provider: &Provider) -> Filtered<OpenTelemetryLayer<S, Tracer>, Targets, S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer()
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_tracer(provider.tracer("minicrm"))
        .with_filter(Targets::new().with_target("minicrm::spans", LevelFilter::TRACE))
}

/// Sends what has not been sent yet.
pub fn end(provider: &Provider) {
    if let Err(error) = provider.shutdown_with_timeout(FLUSH) {
        tracing::warn!(%error, "traces lost");
    }
}

/// Makes the span a part of the caller's trace, or of a new one. The trace's id.
pub fn join(span: &Span, parent: Option<Parent>) -> Option<TraceId> {
    if let Some(parent) = parent {
        let flags = if parent.sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::default()
        };
        let parent = SpanContext::new(
            OtelTraceId::from(parent.trace_id),
            SpanId::from(parent.span_id),
            flags,
            true,
            TraceState::default(),
        );
        // It fails if nobody sends this span.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    let id = span.context().span().span_context().trace_id();
    (id != OtelTraceId::INVALID).then(|| TraceId::new(u128::from_be_bytes(id.to_bytes())))
}
