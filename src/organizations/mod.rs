//! Organizations, their members, invitations to them and keys for services.
//!
//! Whoever changes roles locks the organization first: what the change is judged
//! by does not change meanwhile, and one owner is always left.

mod grpc;
mod keys;
mod members;
mod roles;
mod settings;
pub mod store;

use std::collections::HashMap;

pub use grpc::Organizations;
use store::Organization;
use uuid::Uuid;

use crate::{
    db::{Db, Scope},
    error::Result,
    page::{Found, Page},
    proto,
    rpc::timestamp,
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
    let roles = db
        .read(Scope::User(user_id), async |conn| {
            store::members::list_of_user(conn, user_id, page).await
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
        };
        (id, membership)
    });
    Ok(Found {
        rows: memberships.collect(),
        stopped_at: None,
        total: roles.total,
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
