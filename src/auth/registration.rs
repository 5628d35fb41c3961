//! Who may register.

use clap::ValueEnum;

use crate::error::{Error, Reason, Result};

/// Who may register.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Everybody.
    #[default]
    Open,
    /// Who is invited to an organization.
    Invitation,
    /// Nobody: users are made with `minicrm users create`.
    Closed,
}

impl Registration {
    /// Refuses who may not.
    pub fn check(self, invited: bool) -> Result<()> {
        match self {
            Self::Open => Ok(()),
            Self::Invitation if invited => Ok(()),
            Self::Invitation => Err(Error::Denied(Reason::InvitationRequired)),
            Self::Closed => Err(Error::Denied(Reason::RegistrationClosed)),
        }
    }
}
