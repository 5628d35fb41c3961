//! Mails with tokens in them. A call that asks for one is answered before anything is
//! looked up: by neither its answer nor its time it says whether somebody has the
//! address. What is taken on is sent a little later, tried again if the server is not
//! there, and counted.

pub mod config;

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{self, AsyncSmtpTransportBuilder},
};
use tokio::sync::Semaphore;
use tracing::Instrument;

use super::store::{
    tokens::{self, NewToken, Purpose},
    users,
};
use crate::{
    access::credential::{Hash, hash},
    error::{Error, Result},
    platform::{
        db::{Db, NoTenant},
        telemetry::metrics,
    },
};

/// How many mails may be under way.
const PERMITS: u32 = 256;
/// How many are looked up and sent at a time.
const RUNNING: usize = 4;
/// How long the server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait before a mail is tried again.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
];
/// How long mails that are under way may take when the service ends.
const END: Duration = Duration::from_secs(5);
/// What mailed tokens begin with, so that they are found where they should not be.
const TOKEN_PREFIX: &str = "mcm_";

/// A token for a user, as text; only its hash is kept.
pub struct MailToken {
    /// What the user is told.
    pub text: String,
}

impl MailToken {
    /// A new one.
    pub fn generate() -> Self {
        let secret: [u8; 32] = rand::random();
        let text = format!("{TOKEN_PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(secret));
        Self { text }
    }

    /// What is kept of it.
    pub fn hash(&self) -> Hash {
        hash(self.text.as_bytes())
    }
}

impl Purpose {
    /// How long a token is valid.
    pub fn lifetime(self) -> Duration {
        match self {
            Self::VerifyEmail => Duration::from_hours(24),
            Self::ResetPassword => Duration::from_hours(1),
        }
    }

    /// Where the application takes it.
    fn path(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ResetPassword => "reset-password",
        }
    }

    fn subject(self) -> &'static str {
        match self {
            Self::VerifyEmail => "Confirm your e-mail address",
            Self::ResetPassword => "Set a new password",
        }
    }

    fn text(self, token: &str) -> String {
        let what = match self {
            Self::VerifyEmail => {
                "This e-mail address was given for an account. If it was you, \
                 confirm within 24 hours that it is yours:"
            }
            Self::ResetPassword => {
                "Somebody asked for a new password for the account with this e-mail \
                 address. If it was you, set one within an hour:"
            }
        };
        format!("{what}\n\n{token}\n\nIf it was not you, there is nothing to do.\n")
    }
}

/// Sends mails.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    public_url: Option<String>,
    /// For those that are sent and those that wait.
    permits: Arc<Semaphore>,
    /// For those that are sent.
    running: Semaphore,
}

impl Mailer {
    /// By this server, from this address, with links to there.
    pub fn new(
        transport: AsyncSmtpTransportBuilder,
        from: Mailbox,
        public_url: Option<String>,
    ) -> Self {
        Self {
            transport: transport.timeout(Some(TIMEOUT)).build(),
            from,
            public_url,
            permits: Arc::new(Semaphore::new(PERMITS as usize)),
            running: Semaphore::new(RUNNING),
        }
    }

    /// Takes on a mail to this address, if somebody has it. Says nothing of what
    /// becomes of it.
    pub fn take_on(self: &Arc<Self>, db: Db, purpose: Purpose, email: String) -> Result<()> {
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        let permit = permit.map_err(|_| Error::overloaded("mails"))?;
        let mailer = Arc::clone(self);
        let sending = async move {
            let outcome = mailer.deliver(&db, purpose, email).await;
            if let Err(error) = &outcome {
                tracing::error!(error, purpose = purpose.as_str(), "mail not sent");
            }
            metrics::mailed(outcome.is_ok());
            drop(permit);
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "one mail, which is tried for a while"
        )]
        tokio::spawn(sending.in_current_span());
        Ok(())
    }

    /// Waits a moment for the mails that are under way.
    pub async fn finish(&self) {
        let all = self.permits.acquire_many(PERMITS);
        if tokio::time::timeout(END, all).await.is_err() {
            let lost = PERMITS as usize - self.permits.available_permits();
            tracing::error!(lost, "mails dropped at shutdown");
        }
    }

    async fn deliver(&self, db: &Db, purpose: Purpose, email: String) -> Result<(), String> {
        let token = MailToken::generate();
        let issued = {
            let _turn = self.running.acquire().await;
            issue(db, purpose, &email, token.hash()).await
        };
        if !issued.map_err(|error| error.chain())? {
            return Ok(());
        }
        let token = match &self.public_url {
            Some(url) => format!("{url}/{}?token={}", purpose.path(), token.text),
            None => token.text,
        };
        // Nothing of an error that may repeat the address is logged.
        let to = email
            .parse()
            .map_err(|_| "the address cannot be mailed to")?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(purpose.subject())
            .header(ContentType::TEXT_PLAIN)
            .body(purpose.text(&token))
            .map_err(|_| "the mail cannot be written")?;
        let mut pauses = PAUSES.into_iter();
        loop {
            let sent = {
                let _turn = self.running.acquire().await;
                self.transport.send(message.clone()).await
            };
            let Err(error) = sent else {
                return Ok(());
            };
            match pauses.next() {
                Some(pause) if !error.is_permanent() => tokio::time::sleep(pause).await,
                _ => return Err(describe(&error)),
            }
        }
    }
}

/// Keeps a token for the user with this address, if there is one who needs it.
async fn issue(db: &Db, purpose: Purpose, email: &str, hash: Hash) -> Result<bool> {
    db.transaction(NoTenant, async |conn| {
        let Some(user) = users::by_email(conn, email).await? else {
            return Ok(false);
        };
        if purpose == Purpose::VerifyEmail && user.email_verify_time.is_some() {
            return Ok(false);
        }
        let token = NewToken {
            user_id: user.id,
            purpose,
            hash,
            mailed: true,
            lifetime: purpose.lifetime(),
        };
        tokens::insert(conn, &token).await?;
        Ok(true)
    })
    .await
}

/// What the server said may repeat the address: its code is enough.
fn describe(error: &smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the server refused it: {code}"),
        None => crate::error::chain(error),
    }
}
