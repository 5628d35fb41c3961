//! Changes that move load: `SetContactStatus` and `ReassignContact`. Both end in
//! `write`, where groups are made of what arrives at the same time; `group` makes those
//! of a group.

mod group;
mod reassign;
mod status;

pub use group::{Changes, concerned, lock_contacts, users};
use uuid::Uuid;

pub(super) use reassign::reassign_contact;
pub(super) use status::set_contact_status;

use super::store::ContactStatus;
use crate::{
    access::{Grant, Identity},
    call::Context,
    error::{Error, ROLE_DENIED, Result},
    platform::idempotency::{Claim, Owned},
};

/// A change of a contact, checked.
#[derive(Debug)]
pub struct Change {
    /// What its request claims to be, if it may be repeated.
    pub(super) claim: Option<Owned>,
    /// The contact.
    id: Uuid,
    /// Whether a limit may be passed, or an inactive operator be given it.
    force: bool,
    /// What is to be changed.
    target: Target,
    /// Who called, and what.
    call: (Identity, &'static str),
    /// Only if its operator is linked with this user.
    only_for: Option<Uuid>,
}

impl Change {
    /// A draw for a contact.
    pub(super) fn draw(context: &Context, id: Uuid) -> Result<Self> {
        Self::new(context, None, id, false, Target::Operator(None))
    }

    /// A change that this caller may make: `force` is not for those who may change their
    /// own contacts only.
    fn new(
        context: &Context,
        claim: Option<Claim>,
        id: Uuid,
        force: bool,
        target: Target,
    ) -> Result<Self> {
        if force && context.grant != Grant::All {
            return Err(Error::Denied(ROLE_DENIED));
        }
        Ok(Self {
            claim: claim.map(|claim| claim.of(context.identity)),
            id,
            force,
            target,
            call: (context.identity, context.method),
            only_for: context.only_for(),
        })
    }
}

/// What a change is to lead to.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// This status.
    Status(ContactStatus),
    /// This operator; another one, by a draw, if none is named.
    Operator(Option<Uuid>),
    /// No operator.
    Backlog,
}
