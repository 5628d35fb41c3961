//! Gives an active contact to another operator, by a draw or by name, or takes it from its
//! operator. Each decision has the id it is given.

use rand::Rng;
use uuid::Uuid;

use crate::{
    contacts::store::{
        Contact,
        assignments::{Assignment, AssignmentKind},
    },
    dispatch::{BacklogReason, Roster},
    error::{CONTACT_CLOSED, Error, Result},
};

/// Gives a contact to the operator named.
pub fn give(
    contact: &mut Contact,
    roster: &mut Roster,
    id: Uuid,
    named: Uuid,
    force: bool,
) -> Result<Option<Assignment>> {
    check_active(contact)?;
    let operator = roster
        .member(named)
        .filter(|member| member.operator.delete_time.is_none())
        .ok_or_else(|| Error::not_found("operator", named))?;
    if contact.operator_id == Some(named) {
        return Ok(None);
    }
    let obstacle = operator.obstacle();
    if let (Some(obstacle), false) = (obstacle, force) {
        return Err(operator.refuses(obstacle));
    }
    roster.take(named);
    let mut decision = Assignment {
        operator_id: Some(named),
        forced: obstacle.is_some(),
        ..Assignment::new(id, contact.id, AssignmentKind::Manual, roster.time)
    };
    hand_over(contact, roster, &mut decision);
    Ok(Some(decision))
}

/// Makes a new draw among the other operators of the contact's source. If none
/// of them can take it, it stays with an operator who is active.
pub fn draw(
    contact: &mut Contact,
    roster: &mut Roster,
    id: Uuid,
    rng: &mut impl Rng,
) -> Result<Assignment> {
    check_active(contact)?;
    let current = contact.operator_id;
    let decision = roster.decide(rng, contact.source_id, current);
    let new = |kind| Assignment {
        pool_id: Some(decision.pool_id),
        ..Assignment::new(id, contact.id, kind, roster.time)
    };
    let mut decision = match decision.outcome {
        Ok(pick) => Assignment {
            operator_id: Some(pick.operator_id),
            draw: i64::try_from(pick.draw).ok(),
            ..new(AssignmentKind::Reassigned)
        },
        Err(_) if stays(roster, current) => {
            return Ok(Assignment {
                operator_id: current,
                previous_operator_id: current,
                ..new(AssignmentKind::Kept)
            });
        }
        Err(reason) => Assignment {
            backlog_reason: Some(reason),
            ..new(AssignmentKind::Reassigned)
        },
    };
    hand_over(contact, roster, &mut decision);
    Ok(decision)
}

/// Takes a contact from its operator, for nobody else to have it.
pub fn take_back(
    contact: &mut Contact,
    roster: &mut Roster,
    id: Uuid,
) -> Result<Option<Assignment>> {
    check_active(contact)?;
    if contact.operator_id.is_none() {
        return Ok(None);
    }
    let mut decision = Assignment {
        backlog_reason: Some(BacklogReason::TakenBack),
        ..Assignment::new(id, contact.id, AssignmentKind::Released, roster.time)
    };
    hand_over(contact, roster, &mut decision);
    Ok(Some(decision))
}

fn check_active(contact: &Contact) -> Result<()> {
    if contact.status.is_active() {
        return Ok(());
    }
    Err(Error::Precondition {
        reason: CONTACT_CLOSED,
        kind: "contact",
        id: contact.id,
    })
}

fn stays(roster: &Roster, current: Option<Uuid>) -> bool {
    current
        .and_then(|id| roster.member(id))
        .is_some_and(|member| member.operator.active)
}

/// Moves a contact as decided, away from whom it was with.
fn hand_over(contact: &mut Contact, roster: &mut Roster, decision: &mut Assignment) {
    decision.previous_operator_id = contact.operator_id;
    if let Some(previous) = contact.operator_id {
        roster.free(previous);
    }
    let time = contact.change_at(roster.time);
    contact.operator_id = decision.operator_id;
    contact.backlog_reason = decision.backlog_reason;
    contact.pool_id = decision.pool_id.filter(|_| decision.operator_id.is_some());
    contact.assign_time = decision.operator_id.map(|_| time);
}
