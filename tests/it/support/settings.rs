//! What the servers of tests are made with.

use std::time::Duration;

use minicrm::{
    app::Settings,
    auth::{
        self,
        limits::Attempts,
        tokens::{Key, Keys},
    },
    call::DEVELOPMENT_ORGANIZATION,
    platform::ingress::{self, Timeouts},
};

use super::KEY;

/// The settings of a server, but for whom it serves.
pub fn settings() -> Settings {
    Settings {
        pool_size: 8,
        phone_region: Some("DE".parse().unwrap()),
        reflection: true,
        edge: unhurried(),
        ..Settings::default()
    }
}

/// The same for the organization of development.
pub fn development() -> Settings {
    Settings {
        organizations: vec![DEVELOPMENT_ORGANIZATION],
        ..settings()
    }
}

/// No test depends on how long a call takes.
fn unhurried() -> ingress::Settings {
    let long = Duration::from_mins(1);
    ingress::Settings {
        timeouts: Timeouts {
            default: long,
            max: long,
        },
        ..ingress::Settings::default()
    }
}

/// The same with authentication.
pub fn secure() -> Settings {
    authenticated(&[Key::Ed25519Pem(KEY.to_owned())], [1000, 1000])
}

/// The same as the tests of authentication change it.
pub fn secure_with(change: impl FnOnce(&mut auth::Settings)) -> Settings {
    let mut settings = secure();
    settings.authentication.as_mut().map(change);
    settings
}

/// The same with any keys, and so many attempts in a minute for an account
/// and from a peer.
pub fn authenticated(keys: &[Key], [per_account, per_peer]: [u32; 2]) -> Settings {
    let keys = Keys::new(keys, "minicrm", "minicrm").unwrap();
    let attempts = Attempts {
        per_account: per_account.try_into().unwrap(),
        per_peer: per_peer.try_into().unwrap(),
    };
    Settings {
        authentication: Some(auth::Settings::new(keys, attempts)),
        ..settings()
    }
}
