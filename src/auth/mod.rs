//! Users: their passwords, sessions and tokens, and the mails they are sent.

pub mod config;
mod duration;
pub(crate) mod joining;
pub mod limits;
pub mod mail;
pub(crate) mod passwords;
mod registration;
mod retention;
pub(crate) mod sessions;
mod signatures;
pub(crate) mod store;
pub mod tokens;

use std::sync::Arc;

pub use registration::Registration;
pub use retention::SessionRetention;
pub use store::sessions::Lifetimes;

use limits::{Attempts, Limits};
use mail::Mailer;
use passwords::Passwords;
use tokens::Keys;

use crate::{
    access::{Caller, TokenVerifier},
    error::Result,
};

/// What a server that knows its callers is made with.
pub struct Settings {
    /// What tokens are signed with.
    pub keys: Keys,
    /// How many attempts are allowed.
    pub attempts: Attempts,
    /// How long sessions and their tokens are valid.
    pub lifetimes: Lifetimes,
    /// Who may register.
    pub registration: Registration,
    /// What sends mails, if anything does.
    pub mailer: Option<Mailer>,
}

impl Settings {
    /// With these keys and limits, and as it is by default otherwise.
    pub fn new(keys: Keys, attempts: Attempts) -> Self {
        Self {
            keys,
            attempts,
            lifetimes: Lifetimes::default(),
            registration: Registration::default(),
            mailer: None,
        }
    }
}

/// What a server that knows its callers shares.
pub struct Auth {
    /// What tokens are signed with.
    pub keys: Keys,
    pub(crate) limits: Limits,
    pub(crate) passwords: Passwords,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) registration: Registration,
    pub(crate) mailer: Option<Arc<Mailer>>,
}

impl Auth {
    /// With these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            keys: settings.keys,
            limits: Limits::new(settings.attempts),
            passwords: Passwords::default(),
            lifetimes: settings.lifetimes,
            registration: settings.registration,
            mailer: settings.mailer.map(Arc::new),
        }
    }

    /// Waits a moment for the mails that are under way.
    pub async fn finish(&self) {
        if let Some(mailer) = &self.mailer {
            mailer.finish().await;
        }
    }
}

impl TokenVerifier for Auth {
    fn verify(&self, token: &str) -> Result<Caller> {
        self.keys.verify(token)
    }
}
