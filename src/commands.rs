//! What each subcommand of the binary does.

use std::{
    error::Error as _,
    io::{self, Write as _},
    net::SocketAddr,
    path::Path,
    process,
    sync::Arc,
    time::Duration,
};

use futures_util::future::OptionFuture;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    auth,
    config::{Config, Database},
    context::{App, Settings},
    edge::tls::Tls,
    embedded::{self, Postgres},
    error::Error,
    leads, migrations, request_id,
    server::{self, Places},
    telemetry::{Telemetry, figures, http},
    verify,
};

/// Result of a command; the error is a message for the terminal.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How long to wait before looking again for a database that is not there.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How often a private Postgres is started that has ended by itself.
const MAX_STARTS: u32 = 5;

/// How long a health check may take.
const HEALTHCHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the service until SIGINT or SIGTERM; a second signal ends it at once.
pub async fn serve(config: Config, telemetry: &Telemetry) -> Outcome {
    let address = config.serve.listen;
    let authentication = &config.authentication;
    if !address.ip().is_loopback() && !authentication.is_on() {
        return Err(format!(
            "will not listen on {address}: without authentication only loopback is served"
        )
        .into());
    }
    let listener = listen(address).await?;
    let health = listen_also(config.edge.health_listen).await?;
    let metrics = listen_also(config.telemetry.metrics_listen).await?;
    let address = listener.local_addr()?;
    let (tls, follow_files) = config.edge.tls().map(Tls::open).transpose()?.unzip();
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
        replica_url: config.database.replica_url,
        phone_region: config.serve.phone_region,
        organizations: config.serve.organizations,
        authentication,
        reflection: config.serve.reflection,
        edge: config.edge.settings(),
        believed: None,
    };
    let app = Arc::new(App::new(&url, settings)?);
    let places = Places {
        listener,
        tls,
        health,
        pause: config.edge.shutdown_pause(),
        drain: Duration::from_secs(config.serve.drain_seconds),
    };
    let figures = metrics.is_some().then_some(config.telemetry);
    let metrics = serve_metrics(metrics, &app, telemetry);
    let beside = async {
        prepare(&url, &app).await?;
        tracing::info!(%address, "{mode}");
        let db = app.db();
        tokio::join!(
            request_id::keep_clean(db),
            auth::keep_clean(db),
            leads::keep_indexed(db),
            OptionFuture::from(follow_files),
            app.denials().keep_written(db),
            app.unfolded().keep_folded(db),
            app.keep_replica(),
            figures::keep(db, figures)
        );
        Outcome::Ok(())
    };
    tokio::select! {
        outcome = server::serve(places, Arc::clone(&app), stop) => outcome?,
        Err(error) = beside => return Err(error),
        Err(error) = metrics => return Err(error),
        error = database.keep() => return Err(error.into()),
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
    http::serve(listener, Arc::clone(app), telemetry.clone()).await
}

/// Brings the database to the schema of this version.
pub async fn migrate(config: Config) -> Outcome {
    let database = Connection::open(&config.database).await?;
    let done = migrations::run(&database.url).await?;
    tracing::info!(done, "migrated");
    database.close().await
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

/// A database to use, and the private Postgres it runs on, if it does.
pub(crate) struct Connection {
    pub(crate) url: String,
    private: Option<(Postgres, embedded::Options)>,
}

impl Connection {
    pub(crate) async fn open(config: &Database) -> Outcome<Self> {
        if let Some(url) = &config.database_url {
            return Ok(Self {
                url: url.clone(),
                private: None,
            });
        }
        let options = embedded::Options {
            data_dir: config
                .data_dir
                .clone()
                .unwrap_or_else(embedded::default_data_dir),
            bin_dir: config.pg_bin_dir.clone(),
            install: config.pg_install,
            ephemeral: false,
            settings: Vec::new(),
        };
        let postgres = Postgres::start(options.clone()).await?;
        Ok(Self {
            url: postgres.url("minicrm"),
            private: Some((postgres, options)),
        })
    }

    /// Where the private Postgres keeps its data.
    fn data_dir(&self) -> Option<&Path> {
        let (_, options) = self.private.as_ref()?;
        Some(&options.data_dir)
    }

    /// Starts the private Postgres again whenever it ends by itself. Ends only
    /// if that fails several times in a row.
    async fn keep(&mut self) -> embedded::Error {
        loop {
            let Some((postgres, options)) = &mut self.private else {
                return std::future::pending().await;
            };
            let error = postgres.ended().await;
            tracing::error!(%error, "starting Postgres again");
            let options = options.clone();
            self.private = None;
            for attempt in 1.. {
                match Postgres::start(options.clone()).await {
                    Ok(postgres) => {
                        self.private = Some((postgres, options));
                        break;
                    }
                    Err(error) if attempt == MAX_STARTS => return error,
                    Err(error) => tracing::error!(%error, attempt, "Postgres has not started"),
                }
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }

    pub(crate) async fn close(self) -> Outcome {
        if let Some((postgres, _)) = self.private {
            postgres.stop().await?;
        }
        Ok(())
    }
}

/// Prepares the database, waiting for one that is not there yet.
async fn prepare(url: &str, app: &App) -> Outcome {
    loop {
        match app.prepare(url).await {
            Err(error @ (Error::Unavailable(_) | Error::Busy | Error::Conflict)) => {
                tracing::warn!(error = error.chain(), "waiting for the database");
            }
            outcome => return Ok(outcome?),
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

async fn listen_also(address: Option<SocketAddr>) -> Outcome<Option<TcpListener>> {
    OptionFuture::from(address.map(listen)).await.transpose()
}

async fn listen(address: SocketAddr) -> Outcome<TcpListener> {
    let listener = TcpListener::bind(address).await;
    Ok(listener.map_err(|error| format!("cannot listen on {address}: {error}"))?)
}

fn default_pool_size() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    12 * cores
}

fn stop_on_signals() -> Outcome<watch::Receiver<bool>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        for signals in 0.. {
            tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
            if signals > 0 {
                tracing::warn!("stopped at once by a second signal");
                process::exit(1);
            }
            tracing::info!("stopping");
            sender.send_replace(true);
        }
    });
    Ok(receiver)
}
