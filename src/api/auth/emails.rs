//! Addresses that are verified, and passwords that are set anew, by mail.

use std::sync::Arc;

use crate::{
    auth::{
        Auth,
        mail::MailToken,
        passwords,
        store::{
            sessions,
            tokens::{self, Purpose},
            users,
        },
    },
    call::Context,
    error::{Error, Result},
    platform::{db::NoTenant, grpc::validate::Violations},
    proto::{
        RequestEmailVerificationRequest, RequestPasswordResetRequest, ResetPasswordRequest,
        VerifyEmailRequest,
    },
};

/// What is kept of a token that was given.
fn given(violations: &mut Violations, token: &str) -> MailToken {
    if token.is_empty() {
        violations.add("token", "is required");
    }
    MailToken {
        text: token.to_owned(),
    }
}

pub async fn request_email_verification(
    auth: Option<Arc<Auth>>,
    context: Context,
    _: RequestEmailVerificationRequest,
) -> Result<()> {
    let auth = auth.as_deref().ok_or(Error::AuthenticationOff)?;
    let mailer = auth.mailer.as_ref().ok_or(Error::MailOff)?;
    let user_id = context.user_id()?;
    let user = context
        .db()
        .read(NoTenant, async |conn| users::find(conn, user_id).await)
        .await?;
    auth.limits.mail(context.peer, &user.email)?;
    mailer.take_on(context.lasting_db(), Purpose::VerifyEmail, user.email)
}

pub async fn verify_email(
    auth: Option<Arc<Auth>>,
    context: Context,
    request: VerifyEmailRequest,
) -> Result<()> {
    let auth = auth.as_deref().ok_or(Error::AuthenticationOff)?;
    let mut violations = Violations::new();
    let token = given(&mut violations, &request.token);
    violations.finish()?;
    auth.limits.token(context.peer)?;
    let hash = &token.hash();
    context
        .db()
        .transaction(NoTenant, async |conn| {
            let used = tokens::take(conn, Purpose::VerifyEmail, hash).await?;
            let (user_id, _) = used.ok_or(Error::CredentialsInvalid)?;
            tokens::delete_of_user(conn, Purpose::VerifyEmail, user_id).await?;
            users::verify_email(conn, user_id).await
        })
        .await
}

pub async fn request_password_reset(
    auth: Option<Arc<Auth>>,
    context: Context,
    request: RequestPasswordResetRequest,
) -> Result<()> {
    let auth = auth.as_deref().ok_or(Error::AuthenticationOff)?;
    let mailer = auth.mailer.as_ref().ok_or(Error::MailOff)?;
    let mut violations = Violations::new();
    let email = violations.required_email("email", &request.email);
    violations.finish()?;
    auth.limits.mail(context.peer, &email)?;
    mailer.take_on(context.lasting_db(), Purpose::ResetPassword, email)
}

pub async fn reset_password(
    auth: Option<Arc<Auth>>,
    context: Context,
    request: ResetPasswordRequest,
) -> Result<()> {
    let auth = auth.as_deref().ok_or(Error::AuthenticationOff)?;
    let mut violations = Violations::new();
    let token = given(&mut violations, &request.token);
    let new = passwords::new(&mut violations, "new_password", &request.new_password);
    violations.finish()?;
    auth.limits.token(context.peer)?;

    let hash = &token.hash();
    // Passwords are slow to hash: not for whoever has no token.
    let known = context
        .db()
        .read(NoTenant, async |conn| {
            tokens::exists(conn, Purpose::ResetPassword, hash).await
        })
        .await?;
    if !known {
        return Err(Error::CredentialsInvalid);
    }
    let password_hash = &auth.passwords.hash(new).await?;
    let user_id = context
        .db()
        .transaction(NoTenant, async |conn| {
            let used = tokens::take(conn, Purpose::ResetPassword, hash).await?;
            let (user_id, mailed) = used.ok_or(Error::CredentialsInvalid)?;
            tokens::delete_of_user(conn, Purpose::ResetPassword, user_id).await?;
            users::reset_password(conn, user_id, password_hash).await?;
            if mailed {
                users::verify_email(conn, user_id).await?;
            }
            sessions::delete_of_user(conn, user_id).await?;
            Ok(user_id)
        })
        .await?;
    context.identities().forget_user(user_id);
    Ok(())
}
