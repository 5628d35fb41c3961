//! Sessions: families of refresh tokens, each of which can be used once.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    passwords,
    store::{
        sessions::{self, Next, Refreshed},
        tokens, users,
    },
};
use crate::{
    access::credential::{Hash, hash},
    call::{Context, reply::timestamp},
    error::{Error, Result},
    platform::{
        db::{Db, Scope},
        grpc::validate::Violations,
    },
    proto::{LoginRequest, LogoutRequest, RefreshRequest, Tokens},
};

/// How often sessions are looked for that have ended.
const CLEANUP_INTERVAL: Duration = Duration::from_mins(10);

/// Tells what a successor is sealed with from everything else that is hashed.
const SEAL: &[u8] = b"minicrm refresh token successor";

/// A refresh token.
struct RefreshToken {
    secret: [u8; 32],
    text: String,
}

impl RefreshToken {
    fn generate() -> Self {
        Self::new(rand::random())
    }

    fn new(secret: [u8; 32]) -> Self {
        let text = BASE64_URL_SAFE_NO_PAD.encode(secret);
        Self { secret, text }
    }

    /// What is kept of it.
    fn hash(&self) -> Hash {
        hash(self.text.as_bytes())
    }
}

/// Seals the secret of the one successor of the token with this text, or opens what
/// is sealed. It can be read only by who has the token: what it is hidden by is a
/// hash of the token, which is random, as long, and used for this alone.
fn seal(token: &str, secret: [u8; 32]) -> [u8; 32] {
    let pad = hash(&[SEAL, token.as_bytes()].concat());
    std::array::from_fn(|at| secret[at] ^ pad[at])
}

/// What is kept of a refresh token that was given.
fn given(request_token: &str) -> Result<Hash> {
    let mut violations = Violations::new();
    if request_token.is_empty() {
        violations.add("refresh_token", "is required");
    }
    violations.finish()?;
    Ok(hash(request_token.as_bytes()))
}

pub async fn login(context: Context, request: LoginRequest) -> Result<Tokens> {
    let auth = context.auth()?;
    let mut violations = Violations::new();
    let email = violations.required_email("email", &request.email);
    let password = passwords::given(&mut violations, "password", &request.password);
    violations.finish()?;
    let attempt = auth.limits.attempt(context.peer, &email).await?;

    let email = &email;
    let found = context
        .db()
        .read(Scope::None, async |conn| users::by_email(conn, email).await)
        .await?;
    let (user_id, kept) = found.map(|user| (user.id, user.password_hash)).unzip();
    attempt.end(auth.passwords.verify(password, kept.clone()).await)?;
    let (user_id, kept) = (user_id.unwrap_or_default(), &kept.unwrap_or_default());

    let token = RefreshToken::generate();
    let (session_id, token_hash) = (Uuid::now_v7(), &token.hash());
    let lifetimes = auth.lifetimes;
    let expire_time = context
        .db()
        .transaction(Scope::None, async |conn| {
            // The password may have changed, and ended all sessions, meanwhile.
            users::lock(conn, user_id, kept).await?;
            sessions::insert(conn, session_id, user_id, token_hash, lifetimes).await
        })
        .await?;
    answer(&context, user_id, token, expire_time).await
}

pub async fn refresh(context: Context, request: RefreshRequest) -> Result<Tokens> {
    let auth = context.auth()?;
    let used = &given(&request.refresh_token)?;
    auth.limits.refresh(context.peer)?;

    let token = RefreshToken::generate();
    let next = &Next {
        hash: token.hash(),
        sealed: seal(&request.refresh_token, token.secret),
    };
    let lifetimes = auth.lifetimes;
    let refreshed = context
        .db()
        .transaction(Scope::None, async |conn| {
            // An error would undo the end of a session whose token was stolen.
            sessions::refresh(conn, used, next, lifetimes).await
        })
        .await?;
    match refreshed {
        Refreshed::Renewed {
            user_id,
            expire_time,
        } => answer(&context, user_id, token, expire_time).await,
        Refreshed::Repeated {
            user_id,
            sealed,
            expire_time,
        } => {
            let sealed = sealed.try_into().map_err(|_| Error::Unauthenticated)?;
            let token = RefreshToken::new(seal(&request.refresh_token, sealed));
            answer(&context, user_id, token, expire_time).await
        }
        Refreshed::Reused { user_id } => {
            tracing::warn!(%user_id, "a refresh token was used twice: its session has ended");
            Err(Error::Unauthenticated)
        }
        Refreshed::Unknown => Err(Error::Unauthenticated),
    }
}

pub async fn logout(context: Context, request: LogoutRequest) -> Result<()> {
    context.auth()?;
    let token = &given(&request.refresh_token)?;
    context
        .db()
        .transaction(Scope::None, async |conn| {
            sessions::delete_of_token(conn, token).await
        })
        .await
}

async fn answer(
    context: &Context,
    user_id: Uuid,
    refresh_token: RefreshToken,
    refresh_expire_time: DateTime<Utc>,
) -> Result<Tokens> {
    let valid_from = context
        .db()
        .read(Scope::None, async |conn| {
            users::tokens_valid_from(conn, user_id).await
        })
        .await?;
    let (access_token, access_expire_time) = context.auth()?.keys.sign(user_id, valid_from)?;
    Ok(Tokens {
        access_token,
        access_expire_time: Some(timestamp(access_expire_time)),
        refresh_token: refresh_token.text,
        refresh_expire_time: Some(timestamp(refresh_expire_time)),
    })
}

/// Deletes sessions and tokens that have ended, every now and then, for ever.
pub async fn keep_clean(db: &Db) {
    loop {
        if let Err(error) = delete_ended(db).await {
            tracing::warn!(
                error = error.chain(),
                "sessions that ended are left for later"
            );
        }
        tokio::time::sleep(CLEANUP_INTERVAL).await;
    }
}

async fn delete_ended(db: &Db) -> Result<()> {
    let some = async || {
        db.transaction(Scope::None, async |conn| {
            sessions::delete_some_ended(conn).await
        })
        .await
    };
    while some().await? > 0 {}
    let some = async || {
        db.transaction(Scope::None, async |conn| {
            tokens::delete_some_ended(conn).await
        })
        .await
    };
    while some().await? > 0 {}
    Ok(())
}
