//! Accepts connections.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::sleep};
use tonic::service::Routes;

use super::{
    Callers, Edge, beside, connection::Connection, served::Served, tls::Tls, visitors::Visitors,
};

/// How long to wait when the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections and serves them.
pub struct Acceptor {
    /// Where they do.
    pub listener: TcpListener,
    /// What they are encrypted with, if they are.
    pub tls: Option<Tls>,
    /// What is served there.
    pub routes: Routes,
    /// Whose limits hold.
    pub edge: Arc<Edge>,
    /// Who knows who calls.
    pub callers: Arc<dyn Callers>,
}

impl Acceptor {
    /// Serves until `stop`, then until all calls in flight are answered. Whoever
    /// drops the future cuts the connections off.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let Self {
            listener,
            tls,
            routes,
            edge,
            callers,
        } = self;
        let stopped = stop.clone();
        let visitors = Visitors::new(edge.settings.max_connections, edge.settings.peer_limit());
        let served = Arc::new(Served {
            routes,
            beside: beside::memory(),
            edge,
            callers,
        });
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = stop.wait_for(|&stop| stop) => break,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // A client that has gone already, or no more descriptors.
                    tracing::warn!(%error, "accept failed");
                    visitors.make_room();
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Some(admission) = visitors.enter(peer.ip()) else {
                tracing::debug!("connection limit reached");
                continue;
            };
            let connection = Connection {
                served: Arc::clone(&served),
                visitor: Arc::clone(&admission.visitor),
                stop: stopped.clone(),
            };
            let tls = tls.clone();
            connections.spawn(async move {
                connection.open(stream, tls).await;
                drop(admission);
            });
        }
        // Nobody is left to wait in vain for an answer.
        drop(listener);
        while connections.join_next().await.is_some() {}
    }
}
