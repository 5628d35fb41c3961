//! How users come: as members of an organization, of their own or one that invites them.

use super::store::users::{self, NewUser, User};
use crate::{
    access::{Role, credential::Credential},
    error::Result,
    ids::{InvitationId, OrganizationId},
    model::Change,
    organizations::{
        self, DEFAULT_CURRENCY, DEFAULT_TIME_ZONE, invitations,
        store::{NewOrganization, Organization},
    },
    platform::db::TenantTx,
};

/// Where somebody registers.
pub enum Joining {
    /// In a new organization.
    New(NewOrganization),
    /// In the one that invites them.
    Invited(Credential<InvitationId>),
}

impl Joining {
    /// In a new organization with this name.
    pub fn new(name: String) -> Self {
        Self::New(NewOrganization {
            id: OrganizationId::generate(),
            name,
            default_currency: DEFAULT_CURRENCY.to_owned(),
            default_phone_region: None,
            time_zone: DEFAULT_TIME_ZONE.to_owned(),
            currencies: Vec::new(),
        })
    }

    /// Which organization that is.
    pub fn organization_id(&self) -> OrganizationId {
        match self {
            Self::New(organization) => organization.id,
            Self::Invited(credential) => credential.organization_id,
        }
    }
}

/// Inserts a user, with their membership in an organization. Who is invited has the
/// address that was invited.
pub async fn join(
    tx: &TenantTx,
    user: &NewUser,
    joining: &Joining,
) -> Result<(User, Organization)> {
    match joining {
        Joining::New(organization) => {
            organizations::store::insert(tx, organization).await?;
            organizations::store::members::insert(tx, user.id, Role::Owner).await?;
        }
        Joining::Invited(invitation) => {
            invitations::join(tx, invitation, user.id, &user.email).await?;
        }
    }
    users::insert(tx, user).await?;
    if let Joining::Invited(_) = joining {
        users::verify_email(tx, user.id).await?;
    }
    let organization = organizations::store::find(tx).await?;
    tx.record(Change::UserRegistered(user.id));
    let user = users::find(tx, user.id).await?;
    Ok((user, organization))
}
