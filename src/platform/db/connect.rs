//! How connections to Postgres are opened: in the clear or by TLS, as the URL says in
//! the words of libpq.

use std::{borrow::Cow, path::Path};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Config,
    config::{Host, SslMode, SslNegotiation},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{self, Trust};
use crate::error::{Error, Result, chain};

/// A connection to the database.
pub type Conn = AsyncPgConnection;

/// Opens connections to one database.
#[derive(Clone)]
pub struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Connector {
    /// To the database at `url`. The files that it names are read now.
    pub fn new(url: &str) -> Result<Self> {
        let (url, files) = Parameters::split(url).map_err(Error::unavailable)?;
        let (mode, trust) = files.mode().map_err(Error::unavailable)?;
        // What the driver says of a URL may hold parts of it.
        let mut config: Config = url.parse().map_err(|_| {
            Error::unavailable("the database's URL is not one, or has an unknown parameter")
        })?;
        config.ssl_mode(mode);
        if config.get_ssl_negotiation() == SslNegotiation::Direct && mode != SslMode::Require {
            return Err(Error::unavailable(
                "sslnegotiation=direct needs sslmode=require, verify-ca or verify-full",
            ));
        }
        // An address may be in a certificate, like a name.
        if config.get_hosts().is_empty() {
            for address in config.get_hostaddrs().to_vec() {
                config.host(address.to_string());
            }
        }
        // A socket never leaves the machine, and Postgres has no TLS there. Addresses
        // come before it.
        let is_socket = |host: &Host| matches!(host, Host::Unix(_));
        if config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(is_socket) {
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

    /// What people know the database by: host, port and name, and nothing that is secret.
    pub fn target(&self) -> String {
        let hosts = self.config.get_hosts();
        let ports = self.config.get_ports();
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let hosts: Vec<_> = (0..)
            .zip(hosts)
            .map(|(at, host)| match host {
                Host::Tcp(name) => format!("{name}:{}", port(at)),
                Host::Unix(dir) => format!("{}:{}", dir.display(), port(at)),
            })
            .collect();
        let name = self.config.get_dbname().or(self.config.get_user());
        format!("{}/{}", hosts.join(","), name.unwrap_or_default())
    }

    /// Opens one.
    pub async fn connect(&self) -> ConnectionResult<Conn> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| {
            ConnectionError::BadConnection(format!("{}: {}", self.target(), chain(&error)))
        })?;
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
    /// Takes them out of a URL: the driver knows less of them. It takes all before the
    /// first `@` for who logs in, wherever that is, so there may be no other.
    fn split(url: &'a str) -> Result<(String, Self), &'static str> {
        let Some(("postgres" | "postgresql", rest)) = url.split_once("://") else {
            return Err("the database's URL must begin with postgres:// or postgresql://");
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.matches('@').count() > 1 || path.contains('@') {
            return Err("in the database's URL, write %40 for @, %2F for / and %3F for ?");
        }
        let mut found = Self::default();
        let Some((address, parameters)) = url.split_once('?') else {
            return Ok((url.to_owned(), found));
        };
        let mut others = Vec::new();
        for parameter in parameters.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let part = match &*percent_decode_str(name).decode_utf8_lossy() {
                "sslmode" => &mut found.mode,
                "sslrootcert" => &mut found.root,
                "sslcert" => &mut found.cert,
                "sslkey" => &mut found.key,
                _ => {
                    others.push(parameter);
                    continue;
                }
            };
            *part = Some(percent_decode_str(value).decode_utf8_lossy());
        }
        Ok((format!("{address}?{}", others.join("&")), found))
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
