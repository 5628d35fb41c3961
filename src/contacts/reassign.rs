//! Giving active contacts to other operators: `ReassignContact`, and what
//! becomes of the contacts of an operator who is deleted.

use uuid::Uuid;

use super::store::{
    self, Contact,
    assignments::{self, Assignment, AssignmentKind},
};
use crate::{
    context::Context,
    db::Conn,
    distribution::{
        self, ExclusionReason, Roster,
        store::{KnownPools, SourceKeys, lock_roster},
    },
    error::{CONTACT_CLOSED, Error, OPERATOR_AT_LIMIT, OPERATOR_INACTIVE, Result},
    operators::{self, store::Operator},
    proto::{self, ReassignContactRequest},
    request_id::Claim,
    statistics,
    validate::Violations,
};

pub(super) async fn reassign_contact(
    context: Context,
    request: ReassignContactRequest,
) -> Result<proto::Contact> {
    let mut violations = Violations::new();
    let claim = Claim::parse(
        &mut violations,
        "ReassignContact",
        &request.request_id,
        &request,
    );
    let id = violations.id("id", &request.id);
    let named = request
        .operator_id
        .as_deref()
        .map(|named| violations.id("operator_id", named));
    violations.finish()?;

    let (organization_id, known_pools) = (context.organization_id, context.known_pools());
    context
        .write(claim, async |conn| {
            let (contact, _) = store::lock(conn, organization_id, id).await?;
            if !contact.status.is_active() {
                return Err(Error::Precondition {
                    reason: CONTACT_CLOSED,
                    kind: "contact",
                    id,
                });
            }
            let contact = match named {
                Some(named) => give(conn, organization_id, contact, named, request.force).await?,
                None => draw(conn, organization_id, known_pools, contact).await?,
            };
            Ok(contact.into())
        })
        .await
}

/// Gives a contact to the operator named.
async fn give(
    conn: &Conn,
    organization_id: Uuid,
    contact: Contact,
    named: Uuid,
    force: bool,
) -> Result<Contact> {
    let others: Vec<_> = contact.operator_id.into_iter().chain([named]).collect();
    let (roster, _) = lock_roster(conn, organization_id, &SourceKeys::default(), &others).await?;
    let operator = roster
        .member(named)
        .filter(|member| member.operator.delete_time.is_none())
        .ok_or_else(|| Error::not_found("operator", named))?;
    if contact.operator_id == Some(named) {
        return Ok(contact);
    }
    let reason = match operator.obstacle() {
        None => None,
        Some(ExclusionReason::Inactive) => Some(OPERATOR_INACTIVE),
        Some(_) => Some(OPERATOR_AT_LIMIT),
    };
    if let (Some(reason), false) = (reason, force) {
        return Err(Error::Precondition {
            reason,
            kind: "operator",
            id: named,
        });
    }
    let decision = Assignment {
        operator_id: Some(named),
        forced: reason.is_some(),
        ..Assignment::new(contact.id, AssignmentKind::Manual, roster.time)
    };
    hand_over(conn, organization_id, contact, decision).await
}

/// Makes a new draw among the other operators of the contact's source. If none
/// of them can take it, it stays with an operator who is active.
async fn draw(
    conn: &Conn,
    organization_id: Uuid,
    known_pools: &KnownPools,
    contact: Contact,
) -> Result<Contact> {
    let source_id = contact.source_id;
    let current = contact.operator_id;
    let others: Vec<_> = current.into_iter().collect();
    let source = SourceKeys::id(source_id);
    let (mut roster, _) = lock_roster(conn, organization_id, &source, &others).await?;
    let decision = roster.decide(&mut rand::rng(), source_id, current);
    let pools = known_pools.unknown(&roster)?;
    distribution::store::save_pools(conn, organization_id, &pools).await?;

    let new = |kind| Assignment {
        pool_id: Some(decision.pool_id),
        ..Assignment::new(contact.id, kind, roster.time)
    };
    let decision = match decision.outcome {
        Ok(pick) => Assignment {
            operator_id: Some(pick.operator_id),
            draw: i64::try_from(pick.draw).ok(),
            ..new(AssignmentKind::Reassigned)
        },
        Err(_) if stays(&roster, current) => {
            let kept = Assignment {
                operator_id: current,
                previous_operator_id: current,
                ..new(AssignmentKind::Kept)
            };
            assignments::insert_all(conn, organization_id, &[&kept]).await?;
            return Ok(contact);
        }
        Err(reason) => Assignment {
            backlog_reason: Some(reason),
            ..new(AssignmentKind::Reassigned)
        },
    };
    hand_over(conn, organization_id, contact, decision).await
}

fn stays(roster: &Roster, current: Option<Uuid>) -> bool {
    current
        .and_then(|id| roster.member(id))
        .is_some_and(|member| member.operator.active)
}

/// Moves a contact as decided: load, contact, history and counts follow.
async fn hand_over(
    conn: &Conn,
    organization_id: Uuid,
    mut contact: Contact,
    mut decision: Assignment,
) -> Result<Contact> {
    let before = contact.clone();
    decision.previous_operator_id = contact.operator_id;
    let loads = [(contact.operator_id, -1), (decision.operator_id, 1)];
    let loads = loads
        .into_iter()
        .filter_map(|(id, count)| Some((id?, count)));
    operators::store::add_loads(conn, organization_id, loads).await?;

    contact.update_time = decision.create_time;
    contact.operator_id = decision.operator_id;
    contact.backlog_reason = decision.backlog_reason;
    contact.pool_id = decision.pool_id.filter(|_| decision.operator_id.is_some());
    contact.assign_time = decision.operator_id.map(|_| decision.create_time);
    assignments::insert_all(conn, organization_id, &[&decision]).await?;
    let contact = store::update(conn, organization_id, &contact).await?;
    statistics::store::record(conn, organization_id, [&before], [&contact]).await?;
    Ok(contact)
}

/// Returns the active contacts of an operator who is locked to the backlog.
pub async fn release_all(conn: &Conn, organization_id: Uuid, operator: &Operator) -> Result<()> {
    let (before, released) = store::release_unlocked(conn, organization_id, operator.id).await?;
    if usize::try_from(operator.load).ok() != Some(released.len()) {
        // Somebody is at work on the others: try again when they are done.
        return Err(Error::Conflict);
    }
    let history: Vec<_> = released
        .iter()
        .map(|contact| Assignment {
            previous_operator_id: Some(operator.id),
            backlog_reason: contact.backlog_reason,
            ..Assignment::new(contact.id, AssignmentKind::Released, contact.update_time)
        })
        .collect();
    assignments::insert_all(conn, organization_id, &history.iter().collect::<Vec<_>>()).await?;
    statistics::store::record(conn, organization_id, &before, &released).await
}
