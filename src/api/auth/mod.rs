//! `AuthService`: a function per method, in the file of its subject.

mod convert;
mod emails;
mod sessions;
mod users;

use std::sync::Arc;

use tonic::Request;

use self::{
    emails::{request_email_verification, request_password_reset, reset_password, verify_email},
    sessions::{login, logout, refresh},
    users::{change_password, get_me, register},
};
use crate::{
    auth::Auth,
    call::{
        Context, Frame,
        reply::{Rpc, reply, reply_with},
    },
    error::Result,
    proto::{
        ChangePasswordRequest, GetJsonWebKeySetRequest, GetMeRequest, GetMeResponse, JsonWebKey,
        JsonWebKeySet, LoginRequest, LogoutRequest, RefreshRequest, RegisterRequest,
        RegisterResponse, RequestEmailVerificationRequest, RequestPasswordResetRequest,
        ResetPasswordRequest, Tokens, VerifyEmailRequest, auth_service_server::AuthService,
    },
};

/// Serves `AuthService`.
pub struct Authentication {
    pub frame: Arc<Frame>,
    pub auth: Option<Arc<Auth>>,
}

#[tonic::async_trait]
impl AuthService for Authentication {
    async fn register(&self, r: Request<RegisterRequest>) -> Rpc<RegisterResponse> {
        reply_with(&self.frame, &self.auth, r, register).await
    }

    async fn login(&self, r: Request<LoginRequest>) -> Rpc<Tokens> {
        reply_with(&self.frame, &self.auth, r, login).await
    }

    async fn refresh(&self, r: Request<RefreshRequest>) -> Rpc<Tokens> {
        reply_with(&self.frame, &self.auth, r, refresh).await
    }

    async fn logout(&self, r: Request<LogoutRequest>) -> Rpc<()> {
        reply_with(&self.frame, &self.auth, r, logout).await
    }

    async fn get_me(&self, r: Request<GetMeRequest>) -> Rpc<GetMeResponse> {
        reply(&self.frame, r, get_me).await
    }

    async fn change_password(&self, r: Request<ChangePasswordRequest>) -> Rpc<()> {
        reply_with(&self.frame, &self.auth, r, change_password).await
    }

    async fn request_email_verification(
        &self,
        r: Request<RequestEmailVerificationRequest>,
    ) -> Rpc<()> {
        reply_with(&self.frame, &self.auth, r, request_email_verification).await
    }

    async fn verify_email(&self, r: Request<VerifyEmailRequest>) -> Rpc<()> {
        reply_with(&self.frame, &self.auth, r, verify_email).await
    }

    async fn request_password_reset(&self, r: Request<RequestPasswordResetRequest>) -> Rpc<()> {
        reply_with(&self.frame, &self.auth, r, request_password_reset).await
    }

    async fn reset_password(&self, r: Request<ResetPasswordRequest>) -> Rpc<()> {
        reply_with(&self.frame, &self.auth, r, reset_password).await
    }

    async fn get_json_web_key_set(
        &self,
        r: Request<GetJsonWebKeySetRequest>,
    ) -> Rpc<JsonWebKeySet> {
        reply_with(&self.frame, &self.auth, r, get_json_web_key_set).await
    }
}

async fn get_json_web_key_set(
    auth: Option<Arc<Auth>>,
    _: Context,
    _: GetJsonWebKeySetRequest,
) -> Result<JsonWebKeySet> {
    let keys = auth.as_ref().map_or(&[][..], |auth| auth.keys.public());
    Ok(JsonWebKeySet {
        keys: keys.iter().cloned().map(JsonWebKey::from).collect(),
    })
}
