//! Organizations, and what is theirs, between proto and the domain.

use crate::{
    access::Role,
    ids,
    organizations::{
        Membership,
        store::{Organization, invitations::Invitation, keys::ApiKey, members::Member},
    },
    platform::grpc::{convert::timestamp, validate::Violations},
    proto::{self, ApiKeyAccess},
};

pub fn role(violations: &mut Violations, role: i32) -> Role {
    let role: proto::Role = violations.required_enum("role", role);
    Option::from(role).unwrap_or(Role::Member)
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

impl From<Membership> for proto::Membership {
    fn from(membership: Membership) -> Self {
        Self {
            organization: membership.organization.map(proto::Organization::from),
            role: proto::Role::from(membership.role).into(),
            is_default: membership.is_default,
        }
    }
}

impl From<Invitation> for proto::Invitation {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id.to_string(),
            email: invitation.email,
            role: proto::Role::from(invitation.role).into(),
            token: String::new(),
            expire_time: Some(timestamp(invitation.expire_time)),
            create_time: Some(timestamp(invitation.create_time)),
            inviter_user_id: ids::text(invitation.inviter_user_id),
            inviter_api_key_id: ids::text(invitation.inviter_api_key_id),
        }
    }
}

impl From<ApiKey> for proto::ApiKey {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name,
            access: ApiKeyAccess::from(key.access).into(),
            create_time: Some(timestamp(key.create_time)),
            expire_time: key.expire_time.map(timestamp),
            last_use_time: key.last_use_time.map(timestamp),
            revoke_time: key.revoke_time.map(timestamp),
        }
    }
}

impl From<Member> for proto::Member {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user_id.to_string(),
            email: member.email,
            name: member.name,
            role: proto::Role::from(member.role).into(),
            create_time: Some(timestamp(member.create_time)),
            update_time: Some(timestamp(member.update_time)),
        }
    }
}
