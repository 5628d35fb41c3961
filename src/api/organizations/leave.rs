//! `OrganizationService.RemoveMember`, and what becomes of a member's operators, leads,
//! deals and tasks.

use std::collections::BTreeSet;

use super::caller::caller;
use crate::{
    call::Context,
    contacts::{self, Contacts},
    deals,
    error::Result,
    ids::{LeadId, OperatorId, TaskId, UserId},
    leads,
    model::Change,
    operators,
    organizations::{invitations::end_of_member, roles::check_owner_left, store::members},
    platform::{
        db::TenantTx,
        grpc::validate::Violations,
        idempotency::{self, IdempotencyKey, Replay},
    },
    proto::{MemberOperators, RemoveMemberRequest},
    tasks,
};

/// Most things of a kind that are handed over in the transaction that removes a member, or
/// in one of those before it.
const BATCH: usize = 1000;

pub(super) async fn remove_member(
    contacts: Contacts,
    context: Context,
    request: RemoveMemberRequest,
) -> Result<()> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let v = &mut violations;
    let leaving = Leaving {
        user_id: v.id("user_id", &request.user_id),
        operators: v.known_enum("operators", request.operators),
        successor: v.optional_id("successor_user_id", &request.successor_user_id),
    };
    if leaving.successor == Some(leaving.user_id) {
        v.add("successor_user_id", "is the member who is removed");
    }
    violations.finish()?;
    context.check_own(Some(leaving.user_id))?;

    let (context, leaving) = (&context, &leaving);
    // Others may own things by a member of the same id who has come back since.
    if !is_done(context, idempotency_key.as_ref()).await? {
        leaving.prepare(&contacts, context).await?;
    }
    let removed = context
        .write(idempotency_key, async |tx| {
            leaving.finish(context, tx).await?;
            tx.record(Change::MemberRemoved(leaving.user_id));
            Ok(())
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context.identities().forget_user(leaving.user_id);
    removed
}

/// Whether the request was answered before.
async fn is_done(context: &Context, idempotency_key: Option<&IdempotencyKey>) -> Result<bool> {
    let Some(idempotency_key) = idempotency_key else {
        return Ok(false);
    };
    let idempotency_key = &idempotency_key.clone().of_caller(context.identity);
    let found = context
        .read(async |tx| idempotency::find(tx, &[idempotency_key]).await)
        .await?;
    Ok(!matches!(found[..], [Replay::None(_)]))
}

/// A member who is to be removed, and what becomes of what they leave.
struct Leaving {
    user_id: UserId,
    operators: MemberOperators,
    successor: Option<UserId>,
}

impl Leaving {
    /// Does what is too much for one transaction. If that ends half-way it goes on when the
    /// call is repeated.
    async fn prepare(&self, contacts: &Contacts, context: &Context) -> Result<()> {
        if let Some(successor) = self.successor {
            let some = async || {
                context
                    .transact(async |tx| {
                        self.check(context, tx).await?;
                        let things = Things::lock(tx, self.user_id, BATCH + 1).await?;
                        if things.are_few() {
                            return Ok(false);
                        }
                        things.hand_over(tx, successor).await?;
                        Ok(true)
                    })
                    .await
            };
            while some().await? {}
        }
        if self.operators == MemberOperators::Reassign {
            let open = context
                .transact(async |tx| {
                    self.check(context, tx).await?;
                    let mut open = Vec::new();
                    for id in self.lock_operators(tx).await? {
                        operators::store::deactivate(tx, id).await?;
                        let ids = contacts::store::active_ids(tx, id);
                        open.extend(ids.await?);
                    }
                    Ok(open)
                })
                .await?;
            contacts.redraw_all(context, &open).await?;
        }
        Ok(())
    }

    /// Removes the member, and does the rest.
    async fn finish(&self, context: &Context, tx: &TenantTx) -> Result<()> {
        self.check(context, tx).await?;
        // Before all else: what they do just now is waited for.
        members::delete(tx, self.user_id).await?;
        end_of_member(tx, self.user_id, None).await?;
        if let Some(successor) = self.successor {
            let things = Things::lock(tx, self.user_id, usize::MAX).await?;
            things.hand_over(tx, successor).await?;
        }
        if self.operators == MemberOperators::Keep {
            return Ok(());
        }
        for id in self.lock_operators(tx).await? {
            let operator = operators::store::lock(tx, id).await?;
            contacts::release_all(tx, &operator).await?;
            operators::store::retire(tx, id).await?;
        }
        Ok(())
    }

    /// Refuses what may not be done, before anything is.
    async fn check(&self, context: &Context, tx: &TenantTx) -> Result<()> {
        let member = members::find(tx, self.user_id).await?;
        if context.identity.user_id() != Some(self.user_id) {
            let caller = caller(tx, context).await?;
            caller.check_takes(member.role)?;
        }
        check_owner_left(tx, &member).await?;
        context.check_member(tx, self.successor).await
    }

    /// Locks the member's operators, in the order of their ids, after the contacts they are
    /// at work on.
    async fn lock_operators(&self, tx: &TenantTx) -> Result<BTreeSet<OperatorId>> {
        let linked = operators::store::linked_with(tx, &[self.user_id]).await?;
        let ids: BTreeSet<_> = linked.into_iter().map(|(id, _)| id).collect();
        for id in &ids {
            contacts::store::lock_active(tx, *id).await?;
        }
        for id in &ids {
            operators::store::lock(tx, *id).await?;
        }
        Ok(ids)
    }
}

/// What a member owns, locked.
struct Things {
    leads: Vec<LeadId>,
    deals: Vec<deals::store::Deal>,
    tasks: Vec<TaskId>,
}

impl Things {
    /// At most so many of each kind.
    async fn lock(tx: &TenantTx, user_id: UserId, most: usize) -> Result<Self> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        Ok(Self {
            leads: leads::store::lock_owned(tx, user_id, most).await?,
            deals: deals::store::lock_owned(tx, user_id, most).await?,
            tasks: tasks::store::lock_assigned(tx, user_id, most).await?,
        })
    }

    fn are_few(&self) -> bool {
        let lengths = [self.leads.len(), self.deals.len(), self.tasks.len()];
        lengths.iter().all(|length| *length <= BATCH)
    }

    async fn hand_over(&self, tx: &TenantTx, successor: UserId) -> Result<()> {
        leads::store::set_owner(tx, &self.leads, successor).await?;
        deals::service::hand_over(tx, &self.deals, successor).await?;
        tasks::store::set_assignee(tx, &self.tasks, successor).await
    }
}
