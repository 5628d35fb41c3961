//! Closing frees load, reopening takes it again.

use crate::{
    contacts::store::{
        Contact, ContactStatus,
        assignments::{Assignment, AssignmentKind},
    },
    dispatch::{BacklogReason, Roster},
    error::{Error, Result},
    ids::AssignmentId,
};

/// Gives the contact this status; its operator's load follows. If nobody is left
/// to give a reopened contact back to, it goes to the backlog by a decision with this id.
pub fn set(
    contact: &mut Contact,
    roster: &mut Roster,
    id: AssignmentId,
    status: ContactStatus,
    force: bool,
) -> Result<Option<Assignment>> {
    if contact.status == status {
        return Ok(None);
    }
    let mut decision = None;
    if let Some(operator_id) = contact.operator_id {
        match (contact.status.is_active(), status.is_active()) {
            (true, false) => roster.release(operator_id),
            (false, true) => {
                let entry = roster.entry(operator_id);
                let entry = entry.ok_or_else(|| Error::internal("contact without its operator"))?;
                if let (Err(reason), false) = (entry.can_reopen(), force) {
                    return Err(entry.refusal(reason));
                }
                if entry.operator.delete_time.is_some() {
                    decision = Some(to_backlog(contact, roster, id));
                } else {
                    roster.reopen(operator_id);
                }
            }
            _ => {}
        }
    }
    let time = contact.change_at(roster.time);
    contact.status = status;
    contact.close_time = (!status.is_active()).then_some(time);
    Ok(decision)
}

fn to_backlog(contact: &mut Contact, roster: &Roster, id: AssignmentId) -> Assignment {
    let previous_operator_id = contact.operator_id.take();
    contact.pool_id = None;
    contact.assign_time = None;
    contact.backlog_reason = Some(BacklogReason::OperatorDeleted);
    Assignment {
        previous_operator_id,
        backlog_reason: contact.backlog_reason,
        forced: true,
        ..Assignment::new(id, contact.id, AssignmentKind::Released, roster.time)
    }
}
