//! The settings of authentication.

use std::{
    fs, io,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use clap::{Args, builder::BoolishValueParser};

use super::{
    Settings,
    limits::Attempts,
    tokens::{Key, Keys, generate},
};
use crate::files;

/// Settings of authentication.
#[derive(Debug, Clone, Args)]
pub struct Authentication {
    /// Authenticates callers. Files of keys say the same. Without them, a key is
    /// kept in the data directory of the private Postgres.
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

    /// How often a password may be tried for one account in a minute, in each
    /// process.
    #[arg(
        long,
        global = true,
        env = "MINICRM_LOGIN_ATTEMPTS_PER_ACCOUNT",
        default_value = "5",
        value_name = "COUNT"
    )]
    pub login_attempts_per_account: NonZeroU32,

    /// How often passwords may be tried from one address in a minute, in each
    /// process; sessions may be refreshed three times as often. Raise it behind a
    /// proxy, which is one address.
    #[arg(
        long,
        global = true,
        env = "MINICRM_LOGIN_ATTEMPTS_PER_PEER",
        default_value = "20",
        value_name = "COUNT"
    )]
    pub login_attempts_per_peer: NonZeroU32,
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
            let pem = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            keys.push(Key::Ed25519Pem(pem));
        }
        for path in &self.jwt_secret_files {
            let secret = fs::read(path).map_err(|error| unreadable(path, &error))?;
            keys.push(Key::Secret(secret));
        }
        if keys.is_empty() {
            let data_dir = data_dir.ok_or(
                "there is no key to sign tokens with: set MINICRM_JWT_KEY_FILES \
                 or MINICRM_JWT_SECRET_FILES",
            )?;
            keys.push(Key::Ed25519Pem(kept(&data_dir.join("jwt-key.pem"))?));
        }
        Ok(Some(Settings {
            keys: Keys::new(&keys, &self.jwt_issuer, &self.jwt_audience)?,
            attempts: Attempts {
                per_account: self.login_attempts_per_account,
                per_peer: self.login_attempts_per_peer,
            },
        }))
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
