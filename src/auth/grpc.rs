//! The edge of `AuthService`. What it does is in `users`, `sessions` and
//! `emails`.

use std::sync::Arc;

use tonic::Request;

use super::{
    emails::{request_email_verification, request_password_reset, reset_password, verify_email},
    sessions::{login, logout, refresh},
    users::{change_password, get_me, register},
};
use crate::{
    call::{
        App, Context,
        reply::{Rpc, reply},
    },
    error::Result,
    proto::{
        ChangePasswordRequest, GetJsonWebKeySetRequest, GetMeRequest, GetMeResponse, JsonWebKeySet,
        LoginRequest, LogoutRequest, RefreshRequest, RegisterRequest, RegisterResponse,
        RequestEmailVerificationRequest, RequestPasswordResetRequest, ResetPasswordRequest, Tokens,
        VerifyEmailRequest, auth_service_server::AuthService,
    },
};

/// Serves `AuthService`.
pub struct Authentication(pub Arc<App>);

#[tonic::async_trait]
impl AuthService for Authentication {
    async fn register(&self, r: Request<RegisterRequest>) -> Rpc<RegisterResponse> {
        reply(&self.0, r, register).await
    }

    async fn login(&self, r: Request<LoginRequest>) -> Rpc<Tokens> {
        reply(&self.0, r, login).await
    }

    async fn refresh(&self, r: Request<RefreshRequest>) -> Rpc<Tokens> {
        reply(&self.0, r, refresh).await
    }

    async fn logout(&self, r: Request<LogoutRequest>) -> Rpc<()> {
        reply(&self.0, r, logout).await
    }

    async fn get_me(&self, r: Request<GetMeRequest>) -> Rpc<GetMeResponse> {
        reply(&self.0, r, get_me).await
    }

    async fn change_password(&self, r: Request<ChangePasswordRequest>) -> Rpc<()> {
        reply(&self.0, r, change_password).await
    }

    async fn request_email_verification(
        &self,
        r: Request<RequestEmailVerificationRequest>,
    ) -> Rpc<()> {
        reply(&self.0, r, request_email_verification).await
    }

    async fn verify_email(&self, r: Request<VerifyEmailRequest>) -> Rpc<()> {
        reply(&self.0, r, verify_email).await
    }

    async fn request_password_reset(&self, r: Request<RequestPasswordResetRequest>) -> Rpc<()> {
        reply(&self.0, r, request_password_reset).await
    }

    async fn reset_password(&self, r: Request<ResetPasswordRequest>) -> Rpc<()> {
        reply(&self.0, r, reset_password).await
    }

    async fn get_json_web_key_set(
        &self,
        r: Request<GetJsonWebKeySetRequest>,
    ) -> Rpc<JsonWebKeySet> {
        reply(&self.0, r, get_json_web_key_set).await
    }
}

async fn get_json_web_key_set(
    context: Context,
    _: GetJsonWebKeySetRequest,
) -> Result<JsonWebKeySet> {
    Ok(context
        .auth()
        .map_or_else(|_| JsonWebKeySet::default(), |auth| auth.keys.public()))
}
