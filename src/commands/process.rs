//! What the process has of its surroundings: addresses to listen on, and signals.

use std::{
    net::SocketAddr,
    process,
    time::{Duration, Instant},
};

use futures_util::future::OptionFuture;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::outcome::Outcome;
use crate::platform::Address;

/// Signals within this time are one: Ctrl-C goes to all processes of a terminal, and
/// whatever started this one may hand it on.
const ONE_SIGNAL: Duration = Duration::from_secs(1);

/// What an address or a name stands for.
pub async fn resolve(address: &Address) -> Outcome<Vec<SocketAddr>> {
    let found = address.resolve().await;
    Ok(found.map_err(|error| format!("cannot find {address}: {error}"))?)
}

/// Listens on the first of these that can be listened on.
pub async fn listen(address: &Address, found: &[SocketAddr]) -> Outcome<TcpListener> {
    let listener = TcpListener::bind(found).await;
    Ok(listener.map_err(|error| format!("cannot listen on {address}: {error}"))?)
}

/// Listens where something is served beside calls, if it is.
pub async fn listen_also(address: Option<&Address>) -> Outcome<Option<TcpListener>> {
    let listening = address.map(async |address| listen(address, &resolve(address).await?).await);
    OptionFuture::from(listening).await.transpose()
}

/// Becomes true at the first SIGINT or SIGTERM. Another one ends the process at once.
pub fn stop_on_signals() -> Outcome<watch::Receiver<bool>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(false);
    #[expect(
        clippy::disallowed_methods,
        reason = "the signals of the process, before there is a driver"
    )]
    tokio::spawn(async move {
        let mut first: Option<Instant> = None;
        loop {
            tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
            match first {
                None => {
                    first = Some(Instant::now());
                    tracing::info!("stopping");
                    sender.send_replace(true);
                }
                Some(first) if first.elapsed() < ONE_SIGNAL => {}
                Some(_) => {
                    tracing::warn!("stopped at once by a second signal");
                    process::exit(1);
                }
            }
        }
    });
    Ok(receiver)
}
