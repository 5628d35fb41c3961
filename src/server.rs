//! The gRPC server: the only place where services are listed. Serves until it
//! is told to stop, and never says it is ready when its database does not
//! answer.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch};
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::{
    ServingStatus,
    pb::health_server::{Health, HealthServer},
    server::HealthReporter,
};

use crate::{
    activities::Activities,
    analytics::Analytics,
    auth::Authentication,
    contacts::Contacts,
    context::App,
    deals::Deals,
    error::{Error, Result},
    leads::Leads,
    operators::Operators,
    organizations::Organizations,
    proto::{
        self, activity_service_server::ActivityServiceServer,
        analytics_service_server::AnalyticsServiceServer, auth_service_server::AuthServiceServer,
        contact_service_server::ContactServiceServer, deal_service_server::DealServiceServer,
        lead_service_server::LeadServiceServer, operator_service_server::OperatorServiceServer,
        organization_service_server::OrganizationServiceServer,
        source_service_server::SourceServiceServer, task_service_server::TaskServiceServer,
    },
    sources::Sources,
    tasks::Tasks,
};

/// How often the database is asked whether it is there.
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// The same while it is not.
const PING_INTERVAL_WHILE_GONE: Duration = Duration::from_millis(100);
/// How long it may take to answer.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a connection that is silent is asked whether it is alive.
const KEEPALIVE_INTERVAL: Duration = Duration::from_mins(1);

/// The services of the contract.
fn services(app: &Arc<App>) -> Routes {
    Routes::new(LeadServiceServer::new(Leads(Arc::clone(app))))
        .add_service(ContactServiceServer::new(Contacts(Arc::clone(app))))
        .add_service(OperatorServiceServer::new(Operators(Arc::clone(app))))
        .add_service(SourceServiceServer::new(Sources(Arc::clone(app))))
        .add_service(AnalyticsServiceServer::new(Analytics(Arc::clone(app))))
        .add_service(DealServiceServer::new(Deals(Arc::clone(app))))
        .add_service(TaskServiceServer::new(Tasks(Arc::clone(app))))
        .add_service(ActivityServiceServer::new(Activities(Arc::clone(app))))
        .add_service(AuthServiceServer::new(Authentication(Arc::clone(app))))
        .add_service(OrganizationServiceServer::new(Organizations(Arc::clone(
            app,
        ))))
}

/// Serves on `listener` until `stop` becomes true, then finishes the calls in
/// flight for at most `drain`.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    stop: watch::Receiver<bool>,
    drain: Duration,
) -> Result<()> {
    let names = proto::service_names()?;
    let (health, health_service) = health(&names).await;
    let mut routes = services(&app).add_service(health_service);
    if app.reflection() {
        routes = routes
            .add_service(reflection().build_v1().map_err(Error::internal)?)
            .add_service(reflection().build_v1alpha().map_err(Error::internal)?);
    }

    let mut stopped = stop.clone();
    let serving = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .add_routes(routes)
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            watch_database(app, health, names, stop),
        );
    let limit = async {
        until_true(&mut stopped).await;
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        outcome = serving => outcome.map_err(Error::internal),
        () = limit => {
            tracing::warn!("calls in flight were cut off");
            Ok(())
        }
    }
}

/// Waits for `stop`. Nobody being left to stop it is the same as stop.
async fn until_true(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|&stop| stop).await;
}

/// A health service that says `NOT_SERVING` for now.
async fn health(names: &[String]) -> (HealthReporter, HealthServer<impl Health>) {
    let (reporter, service) = tonic_health::server::health_reporter();
    report(&reporter, names, ServingStatus::NotServing).await;
    (reporter, service)
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
    app: Arc<App>,
    mut reporter: HealthReporter,
    names: Vec<String>,
    mut stop: watch::Receiver<bool>,
) {
    let mut last = ServingStatus::NotServing;
    loop {
        let ready = tokio::time::timeout(PING_TIMEOUT, app.is_ready());
        let status = match ready.await {
            Ok(true) => ServingStatus::Serving,
            _ => ServingStatus::NotServing,
        };
        if status != last {
            tracing::info!(%status, "health");
            report(&reporter, &names, status).await;
            last = status;
        }
        let pause = match status {
            ServingStatus::Serving => PING_INTERVAL,
            _ => PING_INTERVAL_WHILE_GONE,
        };
        if tokio::time::timeout(pause, until_true(&mut stop))
            .await
            .is_ok()
        {
            report(&reporter, &names, ServingStatus::NotServing).await;
            // Ends the streams of those who watch; they would outlast the drain.
            for name in names.iter().map(String::as_str).chain([""]) {
                reporter.clear_service_status(name).await;
            }
            return;
        }
    }
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTOR)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
