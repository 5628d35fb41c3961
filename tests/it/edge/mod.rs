//! The edge of the server: deadlines, load shedding, connections, TLS, and
//! how it ends.

mod answers;
mod beside;
mod calls;
mod connections;
mod deadlines;
mod end;
mod overload;
mod request_memory;
mod requests;
mod strangers;
mod tls;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use minicrm::{
    app::{App as Shared, Settings},
    call::DEVELOPMENT_ORGANIZATION,
    server::{self, ServerOptions},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tonic::{body::Body, codegen::http::Uri, transport::Endpoint};

use crate::support::{App, new_database, settings};

/// A server, and what stops it.
struct Server {
    address: SocketAddr,
    /// Where health is told of, if that is somewhere else.
    health: Option<SocketAddr>,
    url: String,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

/// The settings of a server for the development organization.
fn plain() -> Settings {
    Settings {
        organizations: vec![DEVELOPMENT_ORGANIZATION],
        ..settings()
    }
}

impl Server {
    /// A server on a fresh database that serves like this.
    async fn start(settings: Settings, change: impl FnOnce(&mut ServerOptions)) -> Self {
        let url = new_database().await;
        let app = Arc::new(Shared::new(&url, settings).unwrap());
        app.prepare(&url).await.unwrap();
        let mut options = ServerOptions {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            tls: None,
            health: None,
            pause: Duration::ZERO,
            drain: Duration::from_secs(10),
        };
        change(&mut options);
        let address = options.listener.local_addr().unwrap();
        let health = options.health.as_ref();
        let health = health.map(|listener| listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        let served = tokio::spawn(async move {
            server::serve(options, app, stopped).await.unwrap();
        });
        Self {
            address,
            health,
            url,
            stop,
            served,
        }
    }

    /// Clients of it.
    fn app(&self) -> App {
        App::at(self.endpoint().connect_lazy(), self.url.clone())
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::try_from(format!("http://{}", self.address)).unwrap()
    }

    /// A client without deadlines of its own, and where to send requests.
    fn patient(&self) -> (Client<HttpConnector, Body>, Uri) {
        let mut client = Client::builder(TokioExecutor::new());
        let client = client.http2_only(true).build_http();
        (client, format!("http://{}", self.address).parse().unwrap())
    }
}
