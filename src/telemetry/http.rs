//! The plain HTTP port: metrics, the keys that tokens are verified with, and what
//! is logged. Nothing here asks the database.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, State},
    response::IntoResponse,
    routing::get,
};
use serde_json::json;
use tokio::net::TcpListener;
use tonic::codegen::http::{StatusCode, header::CONTENT_TYPE};

use super::{Telemetry, metrics};
use crate::context::App;

/// What Prometheus calls this format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Most bytes of a filter.
const MAX_FILTER: usize = 4096;

#[derive(Clone)]
struct Shared {
    app: Arc<App>,
    telemetry: Telemetry,
}

type Refusal = (StatusCode, String);

/// Serves on `listener`, for ever.
pub async fn serve(listener: TcpListener, app: Arc<App>, telemetry: Telemetry) -> io::Result<()> {
    let router = Router::new()
        .route("/metrics", get(page))
        .route("/.well-known/jwks.json", get(keys))
        .route("/log-level", get(log_filter).put(set_log_filter))
        .layer(DefaultBodyLimit::max(MAX_FILTER))
        .with_state(Shared { app, telemetry });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await
}

async fn page(State(shared): State<Shared>) -> Result<impl IntoResponse, Refusal> {
    shared.app.measure_pools();
    let page = metrics::page().map_err(|error| {
        tracing::error!(error = error.chain(), "no metrics");
        (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    })?;
    Ok(([(CONTENT_TYPE, TEXT)], page))
}

async fn keys(State(shared): State<Shared>) -> Result<impl IntoResponse, StatusCode> {
    let keys = shared.app.public_keys().ok_or(StatusCode::NOT_FOUND)?;
    let keys: Vec<_> = keys
        .into_iter()
        .map(|key| {
            json!({
                "kty": key.kty, "crv": key.crv, "x": key.x,
                "kid": key.kid, "use": key.r#use, "alg": key.alg,
            })
        })
        .collect();
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
    tracing::info!(filter, "what is logged has changed");
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
