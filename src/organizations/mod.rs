//! Organizations, their members, invitations to them and keys for services.
//!
//! Whoever changes roles has the organization locked (see [`crate::access::Trust`]): what the
//! change is judged by does not change meanwhile, and one owner is always left. Membership
//! begins with an invitation that was accepted.

pub mod config;
mod grpc;
mod invitations;
mod keys;
mod leave;
mod members;
mod mine;
mod removal;
mod roles;
mod settings;
pub mod store;

use std::collections::HashMap;

pub use config::Limits;
pub use grpc::Organizations;
pub use invitations::{join, parse as parse_invitation};
pub use removal::{keep_removed, remove_closed};
use store::Organization;
use uuid::Uuid;

use crate::{
    access::Role,
    call::reply::timestamp,
    error::Result,
    platform::{
        db::{Conn, Db, Scope},
        grpc::page::{Found, Page},
    },
    proto,
};

/// The currency of organizations that name none.
pub const DEFAULT_CURRENCY: &str = "EUR";
/// The time zone of organizations that name none.
pub const DEFAULT_TIME_ZONE: &str = "UTC";
/// Longest name of an organization, a user or a key, in characters.
pub const MAX_NAME: usize = 255;

/// A page of the organizations of a user, with their ids.
pub async fn memberships(
    db: &Db,
    user_id: Uuid,
    page: Page,
) -> Result<Found<(Uuid, proto::Membership)>> {
    let (roles, default) = db
        .read(Scope::User(user_id), async |conn| {
            let roles = store::members::list_of_user(conn, user_id, page).await?;
            Ok((roles, store::members::default_of(conn, user_id).await?))
        })
        .await?;
    let ids: &Vec<_> = &roles.rows.iter().map(|&(id, _)| id).collect();
    let organizations = db
        .read(Scope::Organizations(ids.clone()), async |conn| {
            store::list(conn, ids).await
        })
        .await?;
    let mut organizations: HashMap<_, _> = organizations
        .into_iter()
        .map(|organization| (organization.id, organization))
        .collect();
    let memberships = roles.rows.into_iter().map(|(id, role)| {
        let membership = proto::Membership {
            organization: organizations.remove(&id).map(proto::Organization::from),
            role: proto::Role::from(role).into(),
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
async fn membership(
    conn: &Conn,
    organization_id: Uuid,
    user_id: Uuid,
    role: Role,
) -> Result<proto::Membership> {
    let organization = store::find(conn, organization_id).await?;
    store::members::meet(conn, user_id).await?;
    let default = store::members::default_of(conn, user_id).await?;
    Ok(proto::Membership {
        organization: Some(organization.into()),
        role: proto::Role::from(role).into(),
        is_default: default == Some(organization_id),
    })
}

impl From<Organization> for proto::Organization {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id.to_string(),
            name: organization.name,
            default_currency: organization.default_currency,
            default_phone_region: organization.default_phone_region.unwrap_or_default(),
            create_time: Some(timestamp(organization.create_time)),
            update_time: Some(timestamp(organization.update_time)),
            etag: organization.revision.to_string(),
            time_zone: organization.time_zone,
            currencies: organization.currencies,
        }
    }
}
