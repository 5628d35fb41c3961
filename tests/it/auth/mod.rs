//! `AuthService`: users, their passwords, sessions and tokens.

mod attempts;
mod emails;
mod ended;
mod grace;
mod keys;
mod passwords;
mod register;
mod registration;
mod sessions;
mod tokens;

use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use minicrm::proto::{
    ChangePasswordRequest, GetMeRequest, GetMeResponse, LoginRequest, RefreshRequest,
    RegisterRequest, RegisterResponse, Tokens,
};
use tonic::Status;

use crate::support::{App, call};

/// A password that keeps all rules.
pub const PASSWORD: &str = "Correct-Horse-7";

/// Who registers with this address, in an organization of their own.
pub fn registration(email: &str) -> RegisterRequest {
    RegisterRequest {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        name: "Ann".to_owned(),
        organization_name: "Acme".to_owned(),
        invitation_token: String::new(),
    }
}

#[derive(Debug, QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many rows there are.
async fn count(app: &App, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    let mut conn = app.database().await;
    let count: Count = sql_query(query).get_result(&mut conn).await.unwrap();
    count.count
}

impl App {
    async fn register(&self, request: RegisterRequest) -> Result<RegisterResponse, Status> {
        call!(self.auth.register(request))
    }

    async fn login(&self, email: &str, password: &str) -> Result<Tokens, Status> {
        let (email, password) = (email.to_owned(), password.to_owned());
        call!(self.auth.login(LoginRequest { email, password }))
    }

    /// Registers somebody and logs them in.
    async fn new_user(&self, email: &str) -> Tokens {
        self.register(registration(email)).await.unwrap();
        self.login(email, PASSWORD).await.unwrap()
    }

    async fn refresh(&self, tokens: &Tokens) -> Result<Tokens, Status> {
        let refresh_token = tokens.refresh_token.clone();
        call!(self.auth.refresh(RefreshRequest { refresh_token }))
    }

    async fn me(&self, access_token: &str) -> Result<GetMeResponse, Status> {
        let app = self.with(access_token, "");
        call!(app.auth.get_me(GetMeRequest {}))
    }

    async fn change_password(
        &self,
        access_token: &str,
        [current, new]: [&str; 2],
    ) -> Result<(), Status> {
        let app = self.with(access_token, "");
        let request = ChangePasswordRequest {
            current_password: current.to_owned(),
            new_password: new.to_owned(),
        };
        call!(app.auth.change_password(request))
    }
}
