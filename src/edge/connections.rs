//! Connections: how many there are, how long each may be silent and be used, and
//! how they end. Written out with hyper: none of this can be set in tonic, whose
//! server waits for a silent connection for ever and cuts old ones off.

use std::{
    convert::Infallible,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::{server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rand::RngExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};
use tonic::{service::Routes, transport::server::TcpConnectInfo};

use super::{
    Edge, calls,
    heard::{Heard, Listening},
    tls::Tls,
};

/// How long a connection may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take to begin speaking HTTP/2.
const PREFACE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may be open without a call.
const FIRST_CALL_TIMEOUT: Duration = Duration::from_mins(1);
/// How often a connection that is silent is asked whether it is alive.
const KEEPALIVE_INTERVAL: Duration = Duration::from_mins(1);
/// How long it may take to answer.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long to wait when the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The age of a connection that does not age.
const FOR_EVER: Duration = Duration::from_hours(24 * 365 * 10);
/// Calls at a time on one connection.
const MAX_STREAMS: u32 = 1024;
/// Bytes of metadata of a call.
const MAX_METADATA: u32 = 16 * 1024;
/// Streams that a client may open and reset before they are looked at, and those
/// it may make fail: beyond that it wants to keep the server busy.
const MAX_RESETS: (usize, usize) = (20, 1024);

/// A place where connections come in.
pub struct Door {
    /// Where they do.
    pub listener: TcpListener,
    /// What they are encrypted with, if they are.
    pub tls: Option<Tls>,
    /// What is served there.
    pub routes: Routes,
    /// Whose limits hold.
    pub edge: Arc<Edge>,
}

impl Door {
    /// Serves until `stop`, then until all calls in flight are answered. Whoever
    /// drops the future cuts the connections off.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let Self {
            listener,
            tls,
            routes,
            edge,
        } = self;
        let stopped = stop.clone();
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = stop.wait_for(|&stop| stop) => break,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // A client that has gone already, or no more descriptors.
                    tracing::warn!(%error, "a connection was not accepted");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            if connections.len() >= edge.settings.max_connections {
                tracing::debug!("a connection too many");
                continue;
            }
            let connection = Connection {
                routes: routes.clone(),
                edge: Arc::clone(&edge),
                stop: stopped.clone(),
            };
            connections.spawn(connection.open(stream, tls.clone()));
        }
        // Nobody is left to wait in vain for an answer.
        drop(listener);
        while connections.join_next().await.is_some() {}
    }
}

/// What a connection is waiting for.
#[derive(PartialEq, Eq)]
enum Stage {
    /// The other side to speak HTTP/2.
    Preface,
    /// The first call.
    FirstCall,
    /// Its age.
    Age,
    /// Its calls in flight to be answered.
    End,
}

/// One connection, to be served.
struct Connection {
    routes: Routes,
    edge: Arc<Edge>,
    stop: watch::Receiver<bool>,
}

impl Connection {
    async fn open(self, stream: TcpStream, tls: Option<Tls>) {
        let opened = async {
            stream.set_nodelay(true)?;
            let info = TcpConnectInfo {
                local_addr: stream.local_addr().ok(),
                remote_addr: stream.peer_addr().ok(),
            };
            match tls {
                None => self.serve(stream, info).await,
                Some(tls) => {
                    let agreed = timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await;
                    let stream = agreed.map_err(|_| io::ErrorKind::TimedOut)??;
                    self.serve(stream, info).await;
                }
            }
            io::Result::Ok(())
        };
        if let Err(error) = opened.await {
            tracing::debug!(%error, "a connection was not opened");
        }
    }

    async fn serve(self, io: impl AsyncRead + AsyncWrite + Unpin + 'static, info: TcpConnectInfo) {
        let Self {
            routes,
            edge,
            mut stop,
        } = self;
        let timeouts = edge.settings.timeouts;
        let heard = Heard::default();
        let called = Arc::new(AtomicBool::new(false));
        let service = {
            let called = Arc::clone(&called);
            service_fn(move |mut request: hyper::Request<_>| {
                called.store(true, Ordering::Relaxed);
                request.extensions_mut().insert(info.clone());
                let routes = routes.clone();
                async move { Ok::<_, Infallible>(calls::answer(routes, request, timeouts).await) }
            })
        };
        let io = TokioIo::new(Listening::new(io, heard.clone()));
        let mut connection = pin!(builder().serve_connection(io, service));

        let opened = Instant::now();
        let end = opened + age(edge.settings.max_connection_age);
        let mut stage = Stage::Preface;
        let mut limit = pin!(sleep_until(end.min(opened + PREFACE_TIMEOUT)));
        loop {
            tokio::select! {
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection broke");
                    }
                    return;
                }
                () = &mut limit => {}
                _ = stop.wait_for(|&stop| stop), if stage != Stage::End => {
                    stage = Stage::Age;
                }
            }
            let (next, until) = match stage {
                // Neither would it take notice of an end.
                _ if !heard.enough() => return,
                Stage::Preface => (Stage::FirstCall, end.min(opened + FIRST_CALL_TIMEOUT)),
                Stage::FirstCall if called.load(Ordering::Relaxed) => (Stage::Age, end),
                Stage::FirstCall | Stage::Age => {
                    connection.as_mut().graceful_shutdown();
                    (Stage::End, Instant::now() + timeouts.max)
                }
                Stage::End => return,
            };
            stage = next;
            limit.as_mut().reset(until);
        }
    }
}

/// How long this connection may be used. Those opened together do not end together.
fn age(max: Duration) -> Duration {
    if max.is_zero() {
        return FOR_EVER;
    }
    max.mul_f64(rand::rng().random_range(0.9..1.1))
}

fn builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    let (unseen, failed) = MAX_RESETS;
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_METADATA)
        .max_pending_accept_reset_streams(unseen)
        .max_local_error_reset_streams(failed);
    builder
}
