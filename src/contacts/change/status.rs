//! `SetContactStatus`: closing frees load, reopening takes it again.

use super::{Change, Target};
use crate::{
    call::Context,
    contacts::{
        kept_status,
        store::{
            Contact, ContactStatus,
            assignments::{Assignment, AssignmentKind},
        },
        write,
    },
    dispatch::{BacklogReason, ExclusionReason, Member, Roster},
    error::{Error, Result},
    platform::{grpc::validate::Violations, idempotency::Claim},
    proto::{self, SetContactStatusRequest},
};

pub async fn set_contact_status(
    context: Context,
    request: SetContactStatusRequest,
) -> Result<proto::Contact> {
    let mut violations = Violations::new();
    let claim = Claim::parse(
        &mut violations,
        "SetContactStatus",
        &request.request_id,
        &request,
    );
    let id = violations.id("id", &request.id);
    let status = kept_status(violations.required_enum("status", request.status));
    violations.finish()?;
    let status = status.ok_or_else(|| Error::internal("no status"))?;
    let change = Change::new(&context, claim, id, request.force, Target::Status(status))?;
    write::change(&context, change).await
}

/// Gives the contact this status; its operator's load follows. If nobody is left
/// to give a reopened contact back to, it goes to the backlog.
pub fn set(
    contact: &mut Contact,
    roster: &mut Roster,
    status: ContactStatus,
    force: bool,
) -> Result<Option<Assignment>> {
    if contact.status == status {
        return Ok(None);
    }
    let mut decision = None;
    if let Some(operator_id) = contact.operator_id {
        match (contact.status.is_active(), status.is_active()) {
            (true, false) => roster.free(operator_id),
            (false, true) => {
                let member = roster.member(operator_id);
                let member =
                    member.ok_or_else(|| Error::internal("contact without its operator"))?;
                if let (Some(obstacle), false) = (obstacle(member), force) {
                    return Err(member.refuses(obstacle));
                }
                if member.operator.delete_time.is_some() {
                    decision = Some(to_backlog(contact, roster));
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

/// Why the operator cannot take a contact back. The window counts what was
/// given, and reopening gives nothing.
fn obstacle(member: &Member) -> Option<ExclusionReason> {
    let member = Member {
        window_load: 0,
        ..member.clone()
    };
    let obstacle = member.obstacle();
    obstacle.filter(|reason| *reason != ExclusionReason::AtWindowLimit)
}

fn to_backlog(contact: &mut Contact, roster: &Roster) -> Assignment {
    let previous_operator_id = contact.operator_id.take();
    contact.pool_id = None;
    contact.assign_time = None;
    contact.backlog_reason = Some(BacklogReason::OperatorDeleted);
    Assignment {
        previous_operator_id,
        backlog_reason: contact.backlog_reason,
        forced: true,
        ..Assignment::new(contact.id, AssignmentKind::Released, roster.time)
    }
}
