//! The organizations that a user is a member of.

use std::collections::HashMap;

use super::store::{self, Organization};
use crate::{
    access::Role,
    error::Result,
    ids::{OrganizationId, UserId},
    platform::{
        db::{Db, TenantTx, TheseOrganizations},
        grpc::page::{Found, Page},
    },
};

/// What a user is in an organization.
#[derive(Debug, Clone)]
pub struct Membership {
    /// None if it was closed just now.
    pub organization: Option<Organization>,
    /// What they may do there.
    pub role: Role,
    /// Whether calls that name no organization are about this one.
    pub is_default: bool,
}

/// A page of the organizations of a user, with their ids.
pub async fn memberships(
    db: &Db,
    user_id: UserId,
    page: Page,
) -> Result<Found<(OrganizationId, Membership)>> {
    let (roles, default) = db
        .read(user_id, async |conn| {
            let roles = store::members::list_of_user(conn, user_id, page).await?;
            Ok((roles, store::members::default_of(conn, user_id).await?))
        })
        .await?;
    let ids: &Vec<_> = &roles.rows.iter().map(|&(id, _)| id).collect();
    let organizations = db
        .read(TheseOrganizations(ids.clone()), async |conn| {
            store::list(conn, ids).await
        })
        .await?;
    let mut organizations: HashMap<_, _> = organizations
        .into_iter()
        .map(|organization| (organization.id, organization))
        .collect();
    let memberships = roles.rows.into_iter().map(|(id, role)| {
        let membership = Membership {
            organization: organizations.remove(&id),
            role,
            is_default: default == Some(id),
        };
        (id, membership)
    });
    Ok(Found {
        rows: memberships.collect(),
        stopped_at: None,
        total: roles.total,
    })
}

/// The membership of a user in the organization of the transaction, which meets the
/// user's others from now on, too.
pub async fn membership(tx: &TenantTx, user_id: UserId, role: Role) -> Result<Membership> {
    let organization = store::find(tx).await?;
    store::members::meet(tx, user_id).await?;
    let default = store::members::default_of(tx, user_id).await?;
    Ok(Membership {
        organization: Some(organization),
        role,
        is_default: default == Some(tx.organization_id()),
    })
}
