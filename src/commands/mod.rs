//! What each subcommand of the binary does.

mod database;
mod migrate;
mod outcome;
mod process;
mod users;

use std::{
    error::Error as _,
    io::{self, Write as _},
    sync::Arc,
    time::Duration,
};

pub(crate) use database::Connection;
use database::prepare;
pub use migrate::{migrate, migration_status};
pub use outcome::Outcome;
use process::{listen, listen_also, resolve, stop_on_signals};
use tokio::net::TcpListener;
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
pub use users::users;

use crate::{
    app::{App, Settings},
    background,
    config::Config,
    platform::{
        ingress::tls::Tls,
        telemetry::{self, Telemetry},
    },
    server::{self, ServerOptions, admin},
    verify,
};

/// How long a health check may take.
const HEALTHCHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the service until SIGINT or SIGTERM; a second one, a second later, ends it at once.
pub async fn serve(config: Config, telemetry: &Telemetry) -> Outcome {
    let address = &config.serve.listen;
    let addresses = resolve(address).await?;
    let authentication = &config.authentication;
    let open = addresses.iter().find(|found| !found.ip().is_loopback());
    if let Some(open) = open
        && !authentication.is_on()
    {
        return Err(format!(
            "will not listen on {address} ({open}): without authentication only loopback is served"
        )
        .into());
    }
    let listener = listen(address, &addresses).await?;
    let health = listen_also(config.edge.health_listen.as_ref()).await?;
    let metrics = listen_also(config.telemetry.metrics_listen.as_ref()).await?;
    let address = listener.local_addr()?;
    let (tls, reload_tls) = config.edge.tls().map(Tls::open).transpose()?.unzip();
    if tls.is_none() && !address.ip().is_loopback() {
        tracing::warn!(%address, "serving without TLS: only a proxy before it can keep secrets");
    }
    let stop = stop_on_signals()?;

    let mut database = Connection::open(&config.database).await?;
    let url = database.url.clone();
    let authentication = authentication.settings(database.data_dir())?;
    let mode = match &authentication {
        Some(_) => "serving with authentication",
        None => "serving without authentication: loopback only",
    };
    let size = config
        .database
        .pool_size
        .map_or_else(default_pool_size, usize::from);
    let settings = Settings {
        pool_size: size,
        replica_url: config.database.replica_url.filter(|url| !url.is_empty()),
        phone_region: config.serve.phone_region,
        organizations: config.serve.organizations,
        authentication,
        reflection: config.serve.reflection,
        limits: config.organizations.limits(),
        edge: config.edge.settings(),
        identity_cache_ttl: None,
    };
    let app = Arc::new(App::new(&url, settings)?);
    let options = ServerOptions {
        listener,
        tls,
        health,
        pause: config.edge.shutdown_pause(),
        drain: Duration::from_secs(config.serve.drain_seconds),
    };
    let gauges = metrics.is_some().then_some(&config.telemetry);
    let driver = background::driver(
        &app,
        background::Options {
            reload_tls,
            gauges: gauges.map(telemetry::config::Telemetry::metrics_interval),
            verify: gauges.and_then(telemetry::config::Telemetry::verify_interval),
        },
    );
    let metrics = serve_metrics(metrics, &app, telemetry);
    let background = async {
        prepare(&url, &app).await?;
        tracing::info!(%address, "{mode}");
        driver.run().await;
        Outcome::Ok(())
    };
    tokio::select! {
        outcome = server::serve(options, Arc::clone(&app), stop) => outcome?,
        Err(error) = background => return Err(error),
        Err(error) = metrics => return Err(error),
        error = database.supervise() => return Err(error.into()),
    }
    database.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Serves metrics on `listener`, if there is one.
async fn serve_metrics(
    listener: Option<TcpListener>,
    app: &Arc<App>,
    telemetry: &Telemetry,
) -> Outcome {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    tracing::info!(address = %listener.local_addr()?, "serving metrics");
    admin::serve(listener, Arc::clone(app), telemetry.clone()).await
}

/// Prints what is counted wrong, and corrects it if it is to be repaired.
pub async fn verify(config: Config, repair: bool) -> Outcome {
    let database = Connection::open(&config.database).await?;
    let findings = verify::run(&database.url, repair).await?;
    database.close().await?;
    for finding in &findings {
        write!(io::stdout(), "{finding}")?;
    }
    match findings.len() {
        0 => tracing::info!("all counts are right"),
        _ if repair => tracing::info!("all counts are right now"),
        _ => return Err("counts are wrong; `--repair` corrects them".into()),
    }
    Ok(())
}

/// Asks the server whether it is serving.
pub async fn healthcheck(config: Config, service: String) -> Outcome {
    let address = config.edge.health_listen.unwrap_or(config.serve.listen);
    let endpoint = Endpoint::try_from(format!("http://{address}"))?
        .connect_timeout(HEALTHCHECK_TIMEOUT)
        .timeout(HEALTHCHECK_TIMEOUT);
    let channel = endpoint.connect().await.map_err(|error| {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        format!("cannot connect to {address}: {cause}")
    })?;
    let mut client = HealthClient::new(channel);
    let answer = client
        .check(HealthCheckRequest { service })
        .await?
        .into_inner();
    match answer.status() {
        ServingStatus::Serving => Ok(()),
        status => Err(status.as_str_name().into()),
    }
}

fn default_pool_size() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    12 * cores
}
