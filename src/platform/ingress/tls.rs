//! TLS, with or without certificates of clients, from files that may change while
//! the server runs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
    server::TlsStream,
};

use crate::platform::{
    background::{Outcome, Report, Schedule, Task},
    files,
    pem::{authorities, certificates, unusable},
};

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Where certificates and keys are, all as PEM.
#[derive(Debug, Clone)]
pub struct Files {
    /// The server's certificate, and those between it and its authority.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authorities of clients' certificates, if clients must have one.
    pub client_ca: Option<PathBuf>,
}

/// What is in the files.
#[derive(PartialEq, Eq)]
struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// What connections are encrypted with at present.
#[derive(Clone)]
pub struct Tls(Arc<RwLock<Arc<ServerConfig>>>);

impl Tls {
    /// With what is in these files, and the task that takes what will be in them. The error is
    /// a message for the terminal.
    pub fn open(files: Files) -> Result<(Self, ReloadTls), String> {
        let contents = files.read()?;
        let tls = Self(Arc::new(RwLock::new(contents.config(&files)?)));
        let reload = ReloadTls {
            tls: tls.clone(),
            files: Arc::new(files),
            contents: Mutex::new(contents),
        };
        Ok((tls, reload))
    }

    /// Agrees with a client.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(config).accept(stream).await
    }
}

/// Takes certificates and keys from their files when those have changed. What cannot be used
/// is an error, and what was there before stays in use.
pub struct ReloadTls {
    tls: Tls,
    files: Arc<Files>,
    /// What is in use.
    contents: Mutex<Contents>,
}

impl Task for ReloadTls {
    const NAME: &'static str = "reload_tls";

    fn schedule(&self) -> Schedule {
        Schedule::every(LOOK_INTERVAL).late()
    }

    async fn run_once(&self) -> Outcome {
        let files = Arc::clone(&self.files);
        let present = tokio::task::spawn_blocking(move || files.read()).await??;
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        if present == *contents {
            return Ok(Report::default());
        }
        let config = present.config(&self.files)?;
        *self.tls.0.write().unwrap_or_else(PoisonError::into_inner) = config;
        *contents = present;
        tracing::info!("TLS certificates reloaded");
        Ok(Report::of(1_u64))
    }
}

impl Files {
    fn read(&self) -> Result<Contents, String> {
        let read = |path: &Path| fs::read(path).map_err(|error| unusable(path, &error));
        Ok(Contents {
            cert: read(&self.cert)?,
            key: files::read_named_secret(&self.key)?,
            client_ca: self.client_ca.as_deref().map(read).transpose()?,
        })
    }
}

impl Contents {
    fn config(&self, files: &Files) -> Result<Arc<ServerConfig>, String> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(&self.cert, &files.cert)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| unusable(&files.key, &error))?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match (&self.client_ca, &files.client_ca) {
            (Some(pem), Some(path)) => {
                let roots = Arc::new(authorities(pem, path)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                    .build()
                    .map_err(|error| unusable(path, &error))?;
                builder.with_client_cert_verifier(verifier)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| unusable(&files.cert, &error))?;
        // Clients of HTTP/1.1 are told what is spoken here, encrypted like all else.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
