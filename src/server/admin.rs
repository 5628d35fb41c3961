//! The plain HTTP port: metrics, probes, the keys that tokens are verified with, and
//! what is logged. Nothing here asks the database.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, State},
    response::IntoResponse,
    routing::get,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tonic::codegen::{
    Service,
    http::{Request, StatusCode, header::CONTENT_TYPE},
};

use crate::{
    app::App,
    platform::telemetry::{Telemetry, metrics},
};

/// What Prometheus calls this format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Most bytes of a filter.
const MAX_FILTER: usize = 4096;
/// Connections at a time. Few ask here.
const MAX_CONNECTIONS: usize = 64;
/// How long a connection may take, which is used once.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait when the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
struct Shared {
    app: Arc<App>,
    telemetry: Telemetry,
}

type Refusal = (StatusCode, String);

/// Serves on `listener`, for ever.
pub async fn serve(listener: TcpListener, app: Arc<App>, telemetry: Telemetry) -> ! {
    let router = Router::new()
        .route("/metrics", get(page))
        .route("/healthz", get("ok\n"))
        .route("/readyz", get(readiness))
        .route("/.well-known/jwks.json", get(keys))
        .route("/log-level", get(log_filter).put(set_log_filter))
        .layer(DefaultBodyLimit::max(MAX_FILTER))
        .with_state(Shared { app, telemetry });
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            tracing::debug!("connection limit reached");
            continue;
        };
        let answered = timeout(CONNECTION_TIMEOUT, answer(stream, peer, router.clone()));
        #[expect(clippy::disallowed_methods, reason = "one connection")]
        tokio::spawn(async move {
            let _permit = permit;
            match answered.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "connection broken"),
                Err(_) => tracing::debug!("connection timed out"),
            }
        });
    }
}

/// Answers one request.
async fn answer(stream: TcpStream, peer: SocketAddr, router: Router) -> hyper::Result<()> {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request)
    });
    http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

async fn page(State(shared): State<Shared>) -> Result<impl IntoResponse, Refusal> {
    shared.app.measure_pools();
    let page = metrics::page().map_err(|error| {
        tracing::error!(error = error.chain(), "metrics not encoded");
        (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    })?;
    Ok(([(CONTENT_TYPE, TEXT)], page))
}

/// Whether calls are served, as health says it over gRPC.
async fn readiness() -> (StatusCode, &'static str) {
    if metrics::is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

async fn keys(State(shared): State<Shared>) -> Result<impl IntoResponse, StatusCode> {
    let keys = shared.app.public_keys().ok_or(StatusCode::NOT_FOUND)?;
    let keys = json!({ "keys": keys }).to_string();
    Ok(([(CONTENT_TYPE, "application/json")], keys))
}

async fn log_filter(State(shared): State<Shared>) -> String {
    shared.telemetry.log_filter() + "\n"
}

/// For those on this machine only: whoever reads metrics need not be allowed to
/// make the log overflow.
async fn set_log_filter(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    directives: String,
) -> Result<String, Refusal> {
    if !is_here(peer) {
        let text = "only from this machine\n".to_owned();
        return Err((StatusCode::FORBIDDEN, text));
    }
    shared
        .telemetry
        .set_log_filter(directives.trim())
        .map_err(|error| (StatusCode::BAD_REQUEST, error + "\n"))?;
    let filter = shared.telemetry.log_filter();
    tracing::info!(filter, "log filter changed");
    Ok(filter + "\n")
}

/// Whether it is on this machine.
fn is_here(peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn only_loopback_is_here() {
        for (peer, expected) in [
            ("127.0.0.1:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("10.0.0.1:1", false),
            ("[::ffff:10.0.0.1]:1", false),
            ("[fe80::1]:1", false),
        ] {
            assert_eq!(is_here(peer.parse().unwrap()), expected, "{peer}");
        }
    }
}
