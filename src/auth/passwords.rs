//! Passwords: what a good one is, and how they are kept. Hashing takes much
//! memory and time on purpose, so few are hashed at a time and few may wait.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
    thread,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use crate::{
    error::{Error, Result},
    platform::grpc::validate::Violations,
};

/// Fewest and most characters.
const MIN_LENGTH: usize = 8;
const MAX_LENGTH: usize = 128;
/// How many may wait.
const MAX_WAITING: usize = 64;
/// The hash of no password, for accounts that are not there: it takes as long to
/// verify as all others.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCE$\
     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static COMMON: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let lines = include_str!("common_passwords.txt").lines();
    lines.map(str::to_lowercase).collect()
});

/// A password that may be right.
pub fn given(violations: &mut Violations, field: &str, value: &str) -> String {
    if value.is_empty() {
        violations.add(field, "is required");
    }
    violations.lines(field, value, MAX_LENGTH)
}

/// A password to be; every rule it breaks is named.
pub fn new(violations: &mut Violations, field: &str, value: &str) -> String {
    let password = given(violations, field, value);
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let rules = [
        (
            password.chars().count() >= MIN_LENGTH,
            "is shorter than 8 characters",
        ),
        (has(char::is_uppercase), "has no upper-case letter"),
        (has(char::is_lowercase), "has no lower-case letter"),
        (has(char::is_numeric), "has no digit"),
        (
            !COMMON.contains(&password.to_lowercase()),
            "is a common password",
        ),
    ];
    if !password.is_empty() {
        for (_, broken) in rules.iter().filter(|(kept, _)| !kept) {
            violations.add(field, *broken);
        }
    }
    password
}

/// Where passwords are hashed.
pub struct Passwords {
    /// For those that are hashed and those that wait.
    permits: Arc<Semaphore>,
    /// For those that are hashed.
    running: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let running = (cores / 2).max(1);
        Self {
            permits: Arc::new(Semaphore::new(running + MAX_WAITING)),
            running: Arc::new(Semaphore::new(running)),
        }
    }
}

impl Passwords {
    /// What is kept of a password.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.run(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            Ok(hash.map_err(Error::internal)?.to_string())
        })
        .await
    }

    /// Refuses a password that is not the one of which this is kept. Takes as
    /// long if nothing is.
    pub async fn verify(&self, password: String, kept: Option<String>) -> Result<()> {
        self.run(move || {
            let hash = kept.as_deref().unwrap_or(NOBODYS);
            let hash = PasswordHash::new(hash).map_err(Error::internal)?;
            let verified = Argon2::default().verify_password(password.as_bytes(), &hash);
            match kept {
                Some(_) if verified.is_ok() => Ok(()),
                _ => Err(Error::CredentialsInvalid),
            }
        })
        .await
    }

    /// Runs `work` in its turn. It keeps its permit to the end, even if nobody
    /// waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        let permit = permit.map_err(|_| Error::overloaded("passwords"))?;
        let turn = Arc::clone(&self.running).acquire_owned().await;
        let turn = turn.map_err(Error::internal)?;
        let held: [OwnedSemaphorePermit; 2] = [permit, turn];
        let working = spawn_blocking(move || {
            let outcome = work();
            drop(held);
            outcome
        });
        working.await.map_err(Error::internal)?
    }
}
