//! Users: their passwords, sessions and tokens.

pub mod config;
mod grpc;
pub mod limits;
mod passwords;
mod sessions;
mod store;
pub mod tokens;
mod users;

pub use grpc::Authentication;
pub use sessions::keep_clean;

use limits::{Attempts, Limits};
use passwords::Passwords;
use tokens::Keys;

/// What a server that knows its callers is made with.
pub struct Settings {
    /// What tokens are signed with.
    pub keys: Keys,
    /// How many attempts are allowed.
    pub attempts: Attempts,
}

/// What a server that knows its callers shares.
pub struct Auth {
    /// What tokens are signed with.
    pub keys: Keys,
    limits: Limits,
    passwords: Passwords,
}

impl Auth {
    /// With these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            keys: settings.keys,
            limits: Limits::new(settings.attempts),
            passwords: Passwords::default(),
        }
    }
}
