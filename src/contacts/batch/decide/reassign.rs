//! Gives an active contact to another operator, by a draw or by name, or takes it from its
//! operator. Each decision has the id it is given.

use rand::Rng;

use crate::{
    contacts::store::{
        Contact,
        assignments::{Assignment, AssignmentKind},
    },
    dispatch::{BacklogReason, Demand, Outcome, Roster},
    error::{Error, Reason, Resource, Result},
    ids::{AssignmentId, OperatorId},
};

/// Gives a contact to the operator named.
pub fn give(
    contact: &mut Contact,
    roster: &mut Roster,
    id: AssignmentId,
    named: OperatorId,
    force: bool,
) -> Result<Option<Assignment>> {
    check_active(contact)?;
    let operator = roster
        .entry(named)
        .filter(|entry| entry.operator.delete_time.is_none())
        .ok_or_else(|| Error::not_found(Resource::Operator, named))?;
    if contact.operator_id == Some(named) {
        return Ok(None);
    }
    let available = operator.availability();
    if let (Err(reason), false) = (available, force) {
        return Err(operator.refusal(reason));
    }
    roster.assign(named);
    let mut decision = Assignment {
        operator_id: Some(named),
        forced: available.is_err(),
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
    id: AssignmentId,
    rng: &mut impl Rng,
) -> Result<Assignment> {
    check_active(contact)?;
    let demand = Demand {
        source_id: contact.source_id,
        current: contact.operator_id,
    };
    let decision = roster.decide(&demand, rng);
    let new = |kind| Assignment {
        pool_id: Some(decision.pool_id),
        ..Assignment::new(id, contact.id, kind, roster.time)
    };
    let mut decision = match decision.outcome {
        Outcome::Assigned(choice) => Assignment {
            operator_id: Some(choice.operator_id),
            draw: choice.evidence.draw(),
            ..new(AssignmentKind::Reassigned)
        },
        Outcome::Kept(current) => {
            return Ok(Assignment {
                operator_id: Some(current),
                previous_operator_id: Some(current),
                ..new(AssignmentKind::Kept)
            });
        }
        Outcome::Backlog(reason) => Assignment {
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
    id: AssignmentId,
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
        reason: Reason::ContactClosed,
        kind: Resource::Contact,
        id: contact.id.into(),
    })
}

/// Moves a contact as decided, away from whom it was with.
fn hand_over(contact: &mut Contact, roster: &mut Roster, decision: &mut Assignment) {
    decision.previous_operator_id = contact.operator_id;
    if let Some(previous) = contact.operator_id {
        roster.release(previous);
    }
    let time = contact.change_at(roster.time);
    contact.operator_id = decision.operator_id;
    contact.backlog_reason = decision.backlog_reason;
    contact.pool_id = decision.pool_id.filter(|_| decision.operator_id.is_some());
    contact.assign_time = decision.operator_id.map(|_| time);
}
