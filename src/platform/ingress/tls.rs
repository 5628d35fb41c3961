//! TLS, with or without certificates of clients, from files that may change while
//! the server runs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
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
    /// With what is in these files, and what will be in them: whoever polls the
    /// future follows their changes. The error is a message for the terminal.
    pub fn open(files: Files) -> Result<(Self, impl Future<Output = ()>), String> {
        let contents = files.read()?;
        let tls = Self(Arc::new(RwLock::new(contents.config(&files)?)));
        let follow = tls.clone().follow(files, contents);
        Ok((tls, follow))
    }

    /// Agrees with a client.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(config).accept(stream).await
    }

    /// Uses what is in the files from when it changes. What cannot be used is
    /// logged once, and what was there before stays in use.
    async fn follow(self, files: Files, mut contents: Contents) {
        let files = Arc::new(files);
        let mut unreadable = String::new();
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let reader = Arc::clone(&files);
            let read = tokio::task::spawn_blocking(move || reader.read()).await;
            match read {
                Ok(Ok(present)) if present != contents => {
                    contents = present;
                    match contents.config(&files) {
                        Ok(config) => {
                            *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
                            tracing::info!("new TLS certificates are in use");
                        }
                        Err(error) => tracing::error!(error, "the old TLS certificates stay"),
                    }
                }
                Ok(Err(error)) if error != unreadable => {
                    tracing::error!(error, "the old TLS certificates stay");
                    unreadable = error;
                }
                _ => {}
            }
        }
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
