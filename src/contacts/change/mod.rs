//! Changes that move load: `SetContactStatus` and `ReassignContact`. Both end in
//! `grouped::run`, which makes groups of what arrives at the same time, and
//! `group::change_all`, the transaction that does a group.

mod group;
mod reassign;
mod status;

use futures_util::FutureExt;
use uuid::Uuid;

pub(super) use reassign::reassign_contact;
pub(super) use status::set_contact_status;

use super::store::ContactStatus;
use crate::{
    access::Identity,
    context::Context,
    error::Result,
    grouped::{Job, Queues},
    proto,
    request_id::Claim,
};

/// A change of a contact, checked.
#[derive(Debug)]
pub struct Change {
    /// What its request claims to be, if it may be repeated.
    claim: Option<Claim>,
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
    fn new(context: &Context, claim: Option<Claim>, id: Uuid, force: bool, target: Target) -> Self {
        Self {
            claim,
            id,
            force,
            target,
            call: (context.identity, context.method),
            only_for: context.only_for(),
        }
    }
}

/// What a change is to lead to.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// This status.
    Status(ContactStatus),
    /// This operator; another one, by a draw, if none is named.
    Operator(Option<Uuid>),
}

impl Job for Change {
    type Answer = proto::Contact;

    const QUEUE: &'static str = "changes";

    fn queues(context: &Context) -> &Queues<Self> {
        context.changes()
    }

    fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }

    async fn transact(context: &Context, group: &[&Self]) -> Result<Vec<Result<proto::Contact>>> {
        let (organization_id, pools) = (context.organization_id, context.known_pools());
        context
            .grouped_db()
            .transaction(context.scope(), async |transaction| {
                group::change_all(transaction, organization_id, pools, group).await
            })
            .inspect(|_| context.counted())
            .await
    }
}
