//! Whether a caller still has the access level that grants them a method, where that must be
//! sure (see [`Trust`]).

use super::context::Context;
use crate::{
    access::{AccessLevel, Trust, Who, check_issued, store},
    actor::Identity,
    error::{Error, Reason, Result},
    platform::db::{Conn, TenantTx},
};

impl Context {
    /// Reads the caller's access level again, in a transaction that writes, if the method wants
    /// it: then it is kept until the transaction ends. It comes after the request id and
    /// before everything else in the order of locks.
    pub(super) async fn confirm(&self, tx: &TenantTx) -> Result<()> {
        if self.trust != Trust::Remembered || matches!(self.who, Who::User) {
            self.confirm_token(tx).await?;
        }
        let Who::Permitted(permissions) = self.who else {
            return Ok(());
        };
        match self.trust {
            Trust::Remembered => return Ok(()),
            Trust::Confirmed => {}
            Trust::Exclusive => store::lock_organization(tx).await?,
        }
        let access_level = match self.identity {
            Identity::Nobody | Identity::Development | Identity::System => return Ok(()),
            Identity::User(id) => {
                let role = store::hold_role(tx, id).await?;
                AccessLevel::Member(role.ok_or(Error::OrganizationDenied)?)
            }
            Identity::ApiKey(id) => {
                let access = store::hold_key(tx, id).await?;
                AccessLevel::Key(access.ok_or(Error::Unauthenticated)?)
            }
        };
        if permissions.grant(access_level) < self.grant {
            return Err(Error::Denied(Reason::RoleDenied));
        }
        Ok(())
    }

    /// Refuses a user whose password has changed since their token was made.
    async fn confirm_token(&self, conn: &Conn) -> Result<()> {
        let (Identity::User(id), Some(time)) = (self.identity, self.token_time) else {
            return Ok(());
        };
        check_issued(time, store::tokens_valid_from(conn, id).await?)
    }
}
