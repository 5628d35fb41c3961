//! The settings of mails.

use clap::Args;
use lettre::{AsyncSmtpTransport, Tokio1Executor, message::Mailbox};

use super::Mailer;

/// Settings of mails.
#[derive(Debug, Clone, Default, Args)]
pub struct Mails {
    /// Server that mails are sent by, like `smtps://user:password@host` or
    /// `smtp://user:password@host:587?tls=required`. Without it no mails are sent:
    /// `minicrm users` verifies addresses and resets passwords. `MINICRM_SMTP_URL_FILE`
    /// names a file with it.
    // Not shown by `--help`: it may hold a password.
    #[arg(
        long,
        global = true,
        env = "MINICRM_SMTP_URL",
        hide_env_values = true,
        requires = "mail_from",
        value_name = "URL"
    )]
    pub smtp_url: Option<String>,

    /// Whom mails are from, like `Acme <crm@example.com>`.
    #[arg(long, global = true, env = "MINICRM_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,

    /// Where people find the application that calls `VerifyEmail` and
    /// `ResetPassword`, like `https://crm.example.com`: mails have links to
    /// `/verify-email?token=…` and `/reset-password?token=…` there. Without it they
    /// have the token alone.
    #[arg(long, global = true, env = "MINICRM_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

impl Mails {
    /// What sends them, if there is a server for it. The error is a message for the
    /// terminal.
    pub fn mailer(&self) -> Result<Option<Mailer>, String> {
        let Some(url) = self.smtp_url.as_deref() else {
            return Ok(None);
        };
        // What is wrong with the URL is not repeated: it may hold a password.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| "MINICRM_SMTP_URL is not a URL like smtps://user:password@host")?;
        if url.starts_with("smtp://") && !url.contains("tls=required") {
            tracing::warn!("mails with secrets may be sent without TLS: set tls=required");
        }
        let from = self.mail_from.as_deref().unwrap_or_default();
        let from: Mailbox = from
            .parse()
            .map_err(|_| "MINICRM_MAIL_FROM is not an e-mail address".to_owned())?;
        let public_url = self.public_url.as_deref();
        let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
        Ok(Some(Mailer::new(transport, from, public_url)))
    }
}
