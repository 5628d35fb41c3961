//! One connection: how long it may be silent and be used, and how it ends. Written out
//! with hyper: none of this can be set in tonic, whose server waits for a silent
//! connection for ever and cuts old ones off.

use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rand::RngExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tonic::transport::server::TcpConnectInfo;

use super::{calls, preface, served::Served, stalls::Streams, tls::Tls, visitors::Visitor};

/// How long a connection may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take to begin speaking HTTP/2.
const PREFACE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may be there for nobody: without a call of somebody who is known, and
/// without any other that is being answered.
const NOBODY_TIMEOUT: Duration = Duration::from_mins(1);
/// How often a connection that is silent is asked whether it is alive.
const KEEPALIVE_INTERVAL: Duration = Duration::from_mins(1);
/// How long it may take to answer.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// The age of a connection that does not age.
const FOR_EVER: Duration = Duration::from_hours(24 * 365 * 10);
/// Calls at a time on one connection.
const MAX_STREAMS: u32 = 1024;
/// Bytes of metadata of a call.
const MAX_METADATA: u32 = 16 * 1024;
/// Bytes that a client may send for a call, and on its connection, before they are
/// read. They are read at once, but for those of streams.
const MAX_UNREAD: (u32, u32) = (128 * 1024, 1024 * 1024);
/// Streams that a client may open and reset before they are looked at, and those
/// it may make fail: beyond that it wants to keep the server busy.
const MAX_RESETS: (usize, usize) = (20, 1024);

/// What a connection is waiting for.
#[derive(PartialEq, Eq)]
enum Stage {
    /// Somebody who is known.
    Nobody,
    /// Its age.
    Age,
    /// Its calls in flight to be answered.
    End,
}

/// One connection, to be served.
pub struct Connection {
    /// What is served.
    pub served: Arc<Served>,
    /// How others see it.
    pub visitor: Arc<Visitor>,
    /// Says when the server ends.
    pub stop: watch::Receiver<bool>,
}

impl Connection {
    /// Serves it until it ends, or somebody else needs its room.
    pub async fn open(self, stream: TcpStream, tls: Option<Tls>) {
        let visitor = Arc::clone(&self.visitor);
        let opened = async {
            stream.set_nodelay(true)?;
            let info = TcpConnectInfo {
                local_addr: stream.local_addr().ok(),
                remote_addr: stream.peer_addr().ok(),
            };
            match tls {
                None => self.open_http2(stream, info).await,
                Some(tls) => {
                    let agreed = timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await;
                    let stream = agreed.map_err(|_| io::ErrorKind::TimedOut)??;
                    self.open_http2(stream, info).await
                }
            }
        };
        tokio::select! {
            opened = opened => if let Err(error) = opened {
                tracing::debug!(%error, "connection not opened");
            },
            () = visitor.must_leave() => {
                tracing::debug!("idle connection closed to make room");
            }
        }
    }

    async fn open_http2(
        mut self,
        io: impl AsyncRead + AsyncWrite + Unpin + 'static,
        info: TcpConnectInfo,
    ) -> io::Result<()> {
        let opened = tokio::select! {
            opened = timeout(PREFACE_TIMEOUT, preface::read_preface(io)) => opened,
            _ = self.stop.wait_for(|&stop| stop) => return Ok(()),
        };
        let io = opened.map_err(|_| io::ErrorKind::TimedOut)??;
        self.serve(io, info).await;
        Ok(())
    }

    async fn serve(self, io: impl AsyncRead + AsyncWrite + Unpin + 'static, info: TcpConnectInfo) {
        let Self {
            served,
            visitor,
            mut stop,
        } = self;
        let settings = &served.edge.settings;
        let patience = settings.stall_timeout;
        let streams = Streams {
            patience,
            total: settings.send_timeout,
        };
        let service = {
            let (served, visitor) = (Arc::clone(&served), Arc::clone(&visitor));
            service_fn(move |mut request: hyper::Request<_>| {
                request.extensions_mut().insert(info.clone());
                let (served, visitor) = (Arc::clone(&served), Arc::clone(&visitor));
                async move {
                    let _calling = visitor.calls();
                    Ok::<_, Infallible>(calls::answer(&served, request, &visitor).await)
                }
            })
        };
        let mut connection = pin!(builder(streams).serve_connection(TokioIo::new(io), service));

        let opened = Instant::now();
        let end = opened + age(settings.max_connection_age);
        let mut stage = Stage::Nobody;
        let mut limit = pin!(sleep_until(end.min(opened + NOBODY_TIMEOUT)));
        // Those who stall in the middle of an answer are noticed before.
        let mut generations = interval(patience + patience / 4);
        generations.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection broken");
                    }
                    return;
                }
                () = &mut limit => {}
                _ = generations.tick() => {
                    if visitor.is_reading() {
                        continue;
                    }
                    tracing::debug!("connection stalled");
                    return;
                }
                _ = stop.wait_for(|&stop| stop), if stage != Stage::End => {
                    stage = Stage::Age;
                }
            }
            let now = Instant::now();
            let (next, until) = match stage {
                Stage::Nobody if now < end && visitor.is_known() => (Stage::Age, end),
                Stage::Nobody if now < end && !visitor.is_idle() => {
                    (Stage::Nobody, end.min(now + NOBODY_TIMEOUT))
                }
                Stage::Nobody | Stage::Age => {
                    connection.as_mut().graceful_shutdown();
                    (Stage::End, now + settings.timeouts.max)
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
    #[expect(clippy::disallowed_methods, reason = "decides nothing but an age")]
    let factor = rand::rng().random_range(0.9..1.1);
    max.mul_f64(factor)
}

fn builder(streams: Streams) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams);
    let (unread, unread_in_all) = MAX_UNREAD;
    let (unseen, failed) = MAX_RESETS;
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .initial_stream_window_size(unread)
        .initial_connection_window_size(unread_in_all)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_METADATA)
        .max_pending_accept_reset_streams(unseen)
        .max_local_error_reset_streams(failed);
    builder
}
