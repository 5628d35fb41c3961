//! The methods of `AuthService` about sessions.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    access,
    auth::{
        Auth, passwords,
        sessions::{RefreshToken, given, seal},
        store::{
            sessions::{self, Next, Refreshed},
            users,
        },
    },
    call::Context,
    error::{Error, Result},
    ids::{SessionId, UserId},
    platform::{
        db::NoTenant,
        grpc::{convert::timestamp, validate::Violations},
    },
    proto::{LoginRequest, LogoutRequest, RefreshRequest, Tokens},
};

pub async fn login(
    auth: Option<Arc<Auth>>,
    context: Context,
    request: LoginRequest,
) -> Result<Tokens> {
    let auth = auth.as_deref().ok_or(Error::AuthenticationOff)?;
    let mut violations = Violations::new();
    let email = violations.required_email("email", &request.email);
    let password = passwords::given(&mut violations, "password", &request.password);
    violations.finish()?;
    let attempt = auth.limits.attempt(context.peer, &email).await?;

    let email = &email;
    let found = context
        .db()
        .read(NoTenant, async |conn| users::by_email(conn, email).await)
        .await?;
    let (user_id, kept) = found.map(|user| (user.id, user.password_hash)).unzip();
    attempt.end(auth.passwords.verify(password, kept.clone()).await)?;
    let (user_id, kept) = (user_id.unwrap_or_default(), &kept.unwrap_or_default());

    let token = RefreshToken::generate();
    let (session_id, token_hash) = (SessionId::generate(), &token.hash());
    let lifetimes = auth.lifetimes;
    let expire_time = context
        .db()
        .transaction(NoTenant, async |conn| {
            // The password may have changed, and ended all sessions, meanwhile.
            users::lock(conn, user_id, kept).await?;
            sessions::insert(conn, session_id, user_id, token_hash, lifetimes).await
        })
        .await?;
    answer(auth, &context, user_id, token, expire_time).await
}

pub async fn refresh(
    auth: Option<Arc<Auth>>,
    context: Context,
    request: RefreshRequest,
) -> Result<Tokens> {
    let auth = auth.as_deref().ok_or(Error::AuthenticationOff)?;
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
        .transaction(NoTenant, async |conn| {
            // An error would undo the end of a session whose token was stolen.
            sessions::refresh(conn, used, next, lifetimes).await
        })
        .await?;
    match refreshed {
        Refreshed::Renewed {
            user_id,
            expire_time,
        } => answer(auth, &context, user_id, token, expire_time).await,
        Refreshed::Repeated {
            user_id,
            sealed,
            expire_time,
        } => {
            let sealed = sealed.try_into().map_err(|_| Error::Unauthenticated)?;
            let token = RefreshToken::new(seal(&request.refresh_token, sealed));
            answer(auth, &context, user_id, token, expire_time).await
        }
        Refreshed::Reused { user_id } => {
            tracing::warn!(%user_id, "refresh token reused, session revoked");
            Err(Error::Unauthenticated)
        }
        Refreshed::Unknown => Err(Error::Unauthenticated),
    }
}

pub async fn logout(
    auth: Option<Arc<Auth>>,
    context: Context,
    request: LogoutRequest,
) -> Result<()> {
    auth.ok_or(Error::AuthenticationOff)?;
    let token = &given(&request.refresh_token)?;
    context
        .db()
        .transaction(NoTenant, async |conn| {
            sessions::delete_of_token(conn, token).await
        })
        .await
}

async fn answer(
    auth: &Auth,
    context: &Context,
    user_id: UserId,
    refresh_token: RefreshToken,
    refresh_expire_time: DateTime<Utc>,
) -> Result<Tokens> {
    let valid_from = context
        .db()
        .read(NoTenant, async |conn| {
            access::store::tokens_valid_from(conn, user_id).await
        })
        .await?;
    let (access_token, access_expire_time) = auth.keys.sign(user_id, valid_from)?;
    Ok(Tokens {
        access_token,
        access_expire_time: Some(timestamp(access_expire_time)),
        refresh_token: refresh_token.text,
        refresh_expire_time: Some(timestamp(refresh_expire_time)),
    })
}
