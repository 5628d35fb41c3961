//! The gRPC server: the only place where services are listed. Serves until it
//! is told to stop, and never says it is ready when its database does not
//! answer.

pub mod admin;

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch, time::timeout};
use tonic::{codec::CompressionEncoding, service::Routes};
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

use crate::{
    api::{
        activities::Activities, analytics::Analytics, auth::Authentication,
        contacts::ContactRoutes, deals::Deals, leads::Leads, operators::Operators,
        organizations::Organizations, sources::Sources, tasks::Tasks,
    },
    app::App,
    error::Result,
    platform::{
        grpc::reflection::Reflection,
        ingress::{Acceptor, tls::Tls},
        telemetry::metrics,
    },
    proto::{
        self, activity_service_server::ActivityServiceServer,
        analytics_service_server::AnalyticsServiceServer, auth_service_server::AuthServiceServer,
        contact_service_server::ContactServiceServer, deal_service_server::DealServiceServer,
        lead_service_server::LeadServiceServer, operator_service_server::OperatorServiceServer,
        organization_service_server::OrganizationServiceServer,
        source_service_server::SourceServiceServer, task_service_server::TaskServiceServer,
    },
};

/// How often the database is asked whether it is there.
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// The same while it is not.
const PING_INTERVAL_WHILE_GONE: Duration = Duration::from_millis(100);
/// How long it may take to answer.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// A name that health is told of, which serves as long as the process lives.
const LIVENESS: &str = "liveness";

/// A service's server, which compresses its answers for those who ask for it. How long
/// and how compressed requests may be is told at the edge.
macro_rules! served {
    ($server:ident, $service:expr) => {
        $server::new($service)
            .send_compressed(CompressionEncoding::Zstd)
            .send_compressed(CompressionEncoding::Gzip)
    };
}

/// The services of the contract.
fn services(app: &Arc<App>) -> Routes {
    let frame = || Arc::clone(app.frame());
    let contacts = || app.contacts().clone();
    let contact_routes = ContactRoutes {
        frame: frame(),
        contacts: contacts(),
    };
    let organization_routes = Organizations {
        frame: frame(),
        contacts: contacts(),
        limits: app.limits(),
    };
    let authentication = Authentication {
        frame: frame(),
        auth: app.auth(),
    };
    Routes::new(served!(LeadServiceServer, Leads(frame())))
        .add_service(served!(ContactServiceServer, contact_routes))
        .add_service(served!(OperatorServiceServer, Operators(frame())))
        .add_service(served!(SourceServiceServer, Sources(frame())))
        .add_service(served!(AnalyticsServiceServer, Analytics(frame())))
        .add_service(served!(DealServiceServer, Deals(frame())))
        .add_service(served!(TaskServiceServer, Tasks(frame())))
        .add_service(served!(ActivityServiceServer, Activities(frame())))
        .add_service(served!(AuthServiceServer, authentication))
        .add_service(served!(OrganizationServiceServer, organization_routes))
}

/// Where and how a server serves.
pub struct ServerOptions {
    /// Where calls come in.
    pub listener: TcpListener,
    /// What those connections are encrypted with, if they are.
    pub tls: Option<Tls>,
    /// Where health checks come in that need no TLS.
    pub health: Option<TcpListener>,
    /// How long to go on serving after health says that the server stops.
    pub pause: Duration,
    /// How long calls in flight may take to finish after that.
    pub drain: Duration,
}

/// Serves until `stop` becomes true: health says so at once, after a pause no more
/// calls are let in, and those in flight are finished, if they do not take too long.
pub async fn serve(
    options: ServerOptions,
    app: Arc<App>,
    mut stop: watch::Receiver<bool>,
) -> Result<()> {
    let names = proto::service_names()?;
    let (reporter, health) = health(&names).await;
    let (reporter_beside, health_beside) = self::health(&names).await;
    let mut routes = services(&app).add_service(health);
    if app.reflection() {
        let files = [proto::DESCRIPTOR, tonic_health::pb::FILE_DESCRIPTOR_SET];
        let reflection = Reflection::new(&files)?;
        routes = routes
            .add_service(reflection.v1())
            .add_service(reflection.v1alpha());
    }
    let acceptor = |listener, tls, routes: Routes| Acceptor {
        listener,
        tls,
        routes: routes.prepare(),
        edge: Arc::clone(app.edge()),
        callers: Arc::clone(app.frame()) as Arc<_>,
    };
    let (close, closing) = watch::channel(false);
    // Health checks are answered until the end.
    let (_open, never_closing) = watch::channel(false);
    let serving_health = async {
        let routes = Routes::new(health_beside);
        match options.health {
            Some(listener) => acceptor(listener, None, routes).serve(never_closing).await,
            None => std::future::pending().await,
        }
    };
    let ending = async {
        watch_database(&app, [&reporter, &reporter_beside], &names, &mut stop).await;
        tokio::time::sleep(options.pause).await;
        close.send_replace(true);
        // Ends the streams of those who watch; they would outlast the drain.
        let mut reporter = reporter.clone();
        for name in names.iter().map(String::as_str).chain(["", LIVENESS]) {
            reporter.clear_service_status(name).await;
        }
        tokio::time::sleep(options.drain).await;
    };
    tokio::select! {
        () = acceptor(options.listener, options.tls, routes).serve(closing) => {}
        () = ending => tracing::warn!("drain timed out, calls in flight cut off"),
        () = serving_health => {}
    }
    app.finish().await;
    app.close();
    Ok(())
}

/// A health service that says `NOT_SERVING` for now, but that the process lives.
async fn health(names: &[String]) -> (HealthReporter, HealthServer<HealthService>) {
    let reporter = HealthReporter::new();
    report(&reporter, names, ServingStatus::NotServing).await;
    reporter
        .set_service_status(LIVENESS, ServingStatus::Serving)
        .await;
    let service = HealthService::from_health_reporter(reporter.clone());
    (reporter, HealthServer::new(service))
}

async fn report(reporter: &HealthReporter, names: &[String], status: ServingStatus) {
    reporter.set_service_status("", status).await;
    for name in names {
        reporter.set_service_status(name, status).await;
    }
}

/// Says `SERVING` while the database is prepared and answers, and `NOT_SERVING`
/// otherwise. Ends on `stop`, after it has said `NOT_SERVING` for the last time.
async fn watch_database(
    app: &App,
    reporters: [&HealthReporter; 2],
    names: &[String],
    stop: &mut watch::Receiver<bool>,
) {
    let report = async |status| {
        for reporter in reporters {
            report(reporter, names, status).await;
        }
    };
    let mut last = ServingStatus::NotServing;
    loop {
        let status = match timeout(PING_TIMEOUT, app.is_ready()).await {
            Ok(true) => ServingStatus::Serving,
            _ => ServingStatus::NotServing,
        };
        if status != last {
            tracing::info!(%status, "health");
            metrics::set_ready(status == ServingStatus::Serving);
            report(status).await;
            last = status;
        }
        let pause = match status {
            ServingStatus::Serving => PING_INTERVAL,
            _ => PING_INTERVAL_WHILE_GONE,
        };
        // Nobody being left to stop it is the same as stop.
        let stopped = timeout(pause, stop.wait_for(|&stop| stop)).await.is_ok();
        if stopped {
            metrics::set_ready(false);
            report(ServingStatus::NotServing).await;
            return;
        }
    }
}
