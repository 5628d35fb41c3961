//! How connections to Postgres are opened: in the clear or by TLS, as the URL says in
//! the words of libpq.

use std::{borrow::Cow, path::Path};

use diesel::{ConnectionError, ConnectionResult};
use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    Conn,
    tls::{self, Trust},
};
use crate::error::{Error, Result, chain};

/// Opens connections to one database.
#[derive(Clone)]
pub struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Connector {
    /// To the database at `url`. The files that it names are read now.
    pub fn new(url: &str) -> Result<Self> {
        let (url, files) = Parameters::split(url);
        let (mode, trust) = files.mode().map_err(Error::unavailable)?;
        let mut config: Config = url.parse().map_err(Error::unavailable)?;
        config.ssl_mode(mode);
        // An address may be in a certificate, like a name.
        if config.get_hosts().is_empty() {
            for address in config.get_hostaddrs().to_vec() {
                config.host(address.to_string());
            }
        }
        // A socket never leaves the machine, and Postgres has no TLS there.
        let is_socket = |host: &Host| matches!(host, Host::Unix(_));
        if config.get_hosts().iter().all(is_socket) {
            config.ssl_mode(SslMode::Disable);
        }
        let cert = files.cert.as_deref().map(Path::new);
        let key = files.key.as_deref().map(Path::new);
        let tls = tls::config(&trust, cert, key);
        Ok(Self {
            config,
            tls: MakeRustlsConnect::new(tls.map_err(Error::unavailable)?),
        })
    }

    /// Opens one.
    pub async fn connect(&self) -> ConnectionResult<Conn> {
        let (client, connection) = self
            .config
            .connect(self.tls.clone())
            .await
            .map_err(|error| ConnectionError::BadConnection(chain(&error)))?;
        Conn::try_from_client_and_connection(client, connection).await
    }
}

/// What a URL says of TLS.
#[derive(Default)]
struct Parameters<'a> {
    mode: Option<Cow<'a, str>>,
    root: Option<Cow<'a, str>>,
    cert: Option<Cow<'a, str>>,
    key: Option<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    /// Takes them out of a URL: the driver knows less of them.
    fn split(url: &'a str) -> (String, Self) {
        let mut found = Self::default();
        // A password may have a question mark in it.
        let host = url.find('@').unwrap_or(0);
        let Some((address, parameters)) = url[host..].split_once('?') else {
            return (url.to_owned(), found);
        };
        let mut rest = Vec::new();
        for parameter in parameters.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let place = match name {
                "sslmode" => &mut found.mode,
                "sslrootcert" => &mut found.root,
                "sslcert" => &mut found.cert,
                "sslkey" => &mut found.key,
                _ => {
                    rest.push(parameter);
                    continue;
                }
            };
            *place = Some(percent_decode_str(value).decode_utf8_lossy());
        }
        let url = format!("{}{address}?{}", &url[..host], rest.join("&"));
        (url, found)
    }

    /// Whether to use TLS, and what to trust then. `require` with authorities is
    /// `verify-ca`, as it is for libpq. What would trust more than it seems is refused.
    fn mode(&self) -> Result<(SslMode, Trust<'_>), &'static str> {
        use SslMode::{Disable, Prefer, Require};
        Ok(match (self.mode.as_deref(), self.root.as_deref()) {
            (Some("disable"), None) => (Disable, Trust::Anybody),
            (None | Some("prefer"), None) => (Prefer, Trust::Anybody),
            (Some("require"), None) => (Require, Trust::Anybody),
            (None | Some("verify-full"), Some("system")) => (Require, Trust::System),
            (Some("require" | "verify-ca"), Some(file)) if file != "system" => {
                (Require, Trust::Authorities(Path::new(file)))
            }
            (Some("verify-full"), Some(file)) => (Require, Trust::Name(Path::new(file))),
            (Some("verify-ca" | "verify-full"), None) => {
                return Err("sslmode=verify-ca and verify-full need sslrootcert=FILE or system");
            }
            (None | Some("disable" | "prefer" | "require" | "verify-ca"), Some(_)) => {
                return Err("with this sslrootcert, sslmode must be verify-full");
            }
            (Some(_), _) => {
                return Err("sslmode must be disable, prefer, require, verify-ca or verify-full");
            }
        })
    }
}
