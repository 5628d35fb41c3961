//! The settings of authentication.

use std::{
    io,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, builder::BoolishValueParser};

use super::{
    Lifetimes, Registration, Settings, duration,
    limits::Attempts,
    mail::config::Mails,
    tokens::{Key, Keys, generate},
};
use crate::platform::files;

/// Settings of authentication.
#[derive(Debug, Clone, Args)]
pub struct Authentication {
    /// Authenticates callers. Files of keys say the same. Without them, a key is
    /// kept as `jwt-key.pem` in the data directory of the private Postgres.
    #[arg(
        long,
        global = true,
        env = "MINICRM_AUTH",
        value_parser = BoolishValueParser::new()
    )]
    pub auth: bool,

    /// Files with Ed25519 keys (PKCS #8, PEM), separated by commas. The first
    /// signs access tokens, all verify them.
    #[arg(
        long,
        global = true,
        env = "MINICRM_JWT_KEY_FILES",
        value_delimiter = ',',
        value_name = "FILES"
    )]
    pub jwt_key_files: Vec<PathBuf>,

    /// Files with secrets for HS256, of 32 bytes at least, separated by commas.
    /// They come after the files of keys: the first signs if there are no such.
    #[arg(
        long,
        global = true,
        env = "MINICRM_JWT_SECRET_FILES",
        value_delimiter = ',',
        value_name = "FILES"
    )]
    pub jwt_secret_files: Vec<PathBuf>,

    /// Issuer of access tokens.
    #[arg(
        long,
        global = true,
        env = "MINICRM_JWT_ISSUER",
        default_value = "minicrm",
        value_name = "NAME"
    )]
    pub jwt_issuer: String,

    /// Audience of access tokens.
    #[arg(
        long,
        global = true,
        env = "MINICRM_JWT_AUDIENCE",
        default_value = "minicrm",
        value_name = "NAME"
    )]
    pub jwt_audience: String,

    /// How long an access token is valid, 1m to 1d.
    #[arg(
        long,
        global = true,
        env = "MINICRM_ACCESS_TOKEN_LIFETIME",
        default_value = "15m",
        value_parser = duration::access_token,
        value_name = "DURATION"
    )]
    pub access_token_lifetime: Duration,

    /// How long a refresh token is valid, 1h to 365d.
    #[arg(
        long,
        global = true,
        env = "MINICRM_REFRESH_TOKEN_LIFETIME",
        default_value = "7d",
        value_parser = duration::session,
        value_name = "DURATION"
    )]
    pub refresh_token_lifetime: Duration,

    /// How long refreshing goes on after a login, 1h to 365d.
    #[arg(
        long,
        global = true,
        env = "MINICRM_SESSION_LIFETIME",
        default_value = "30d",
        value_parser = duration::session,
        value_name = "DURATION"
    )]
    pub session_lifetime: Duration,

    /// How long a refresh token that was used gives the same successor again, to who
    /// has lost an answer or asks twice at a time, at most 1m; with 0 the second use
    /// ends the session at once.
    #[arg(
        long,
        global = true,
        env = "MINICRM_REFRESH_GRACE",
        default_value = "10s",
        value_parser = duration::grace,
        value_name = "DURATION"
    )]
    pub refresh_grace: Duration,

    /// Who may register.
    #[arg(
        long,
        global = true,
        env = "MINICRM_REGISTRATION",
        default_value = "open"
    )]
    pub registration: Registration,

    /// How many wrong passwords may be tried for one account from one network in a
    /// minute, in each process.
    #[arg(
        long,
        global = true,
        env = "MINICRM_LOGIN_ATTEMPTS_PER_ACCOUNT",
        default_value = "5",
        value_name = "COUNT"
    )]
    pub login_attempts_per_account: NonZeroU32,

    /// How many wrong passwords may be tried from one network in a minute, in each
    /// process; as many may register or ask for mails, and sessions may be refreshed
    /// three times as often. Raise it behind a proxy, which is one address.
    #[arg(
        long,
        global = true,
        env = "MINICRM_LOGIN_ATTEMPTS_PER_PEER",
        default_value = "20",
        value_name = "COUNT"
    )]
    pub login_attempts_per_peer: NonZeroU32,

    /// Settings of mails.
    #[command(flatten)]
    pub mails: Mails,
}

impl Authentication {
    /// Whether callers are authenticated.
    pub fn is_on(&self) -> bool {
        self.auth || !self.jwt_key_files.is_empty() || !self.jwt_secret_files.is_empty()
    }

    /// What the server is made with, if callers are authenticated. Without files
    /// of keys, one is kept in `data_dir`. The error is a message for the
    /// terminal.
    pub fn settings(&self, data_dir: Option<&Path>) -> Result<Option<Settings>, String> {
        if !self.is_on() {
            return Ok(None);
        }
        let mut keys = Vec::new();
        for path in &self.jwt_key_files {
            let pem = String::from_utf8(files::read_named_secret(path)?)
                .map_err(|_| format!("{} is not PEM", path.display()))?;
            keys.push(Key::Ed25519Pem(pem));
        }
        for path in &self.jwt_secret_files {
            keys.push(Key::Secret(files::read_named_secret(path)?));
        }
        if keys.is_empty() {
            let data_dir = data_dir.ok_or(
                "there is no key to sign tokens with: set MINICRM_JWT_KEY_FILES \
                 or MINICRM_JWT_SECRET_FILES",
            )?;
            keys.push(Key::Ed25519Pem(kept(&data_dir.join("jwt-key.pem"))?));
        }
        Ok(Some(Settings {
            keys: Keys::new(&keys, &self.jwt_issuer, &self.jwt_audience)?
                .with_lifetime(self.access_token_lifetime),
            attempts: Attempts {
                per_account: self.login_attempts_per_account,
                per_peer: self.login_attempts_per_peer,
            },
            lifetimes: self.lifetimes()?,
            registration: self.registration,
            mailer: self.mails.mailer()?,
        }))
    }

    fn lifetimes(&self) -> Result<Lifetimes, String> {
        let lifetimes = Lifetimes {
            refresh: self.refresh_token_lifetime,
            session: self.session_lifetime,
            grace: self.refresh_grace,
        };
        if lifetimes.refresh > lifetimes.session {
            return Err("MINICRM_REFRESH_TOKEN_LIFETIME is longer than \
                 MINICRM_SESSION_LIFETIME"
                .to_owned());
        }
        if self.access_token_lifetime > lifetimes.refresh {
            return Err("MINICRM_ACCESS_TOKEN_LIFETIME is longer than \
                 MINICRM_REFRESH_TOKEN_LIFETIME"
                .to_owned());
        }
        Ok(lifetimes)
    }
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

/// The key in this file, made if it is not there.
fn kept(path: &Path) -> Result<String, String> {
    match files::read_secret(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map_err(|error| unreadable(path, &error)),
    }
    let pem = generate()?;
    files::write_secret(path, &pem)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(pem)
}
