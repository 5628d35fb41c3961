//! `SetContactStatus`: closing frees load, reopening takes it again.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    kept_status,
    store::{
        self, Contact, ContactStatus,
        assignments::{self, Assignment, AssignmentKind},
    },
};
use crate::{
    context::Context,
    db::Conn,
    distribution::{
        self, BacklogReason, ExclusionReason,
        store::{SourceKeys, lock_operators},
    },
    error::{Error, OPERATOR_AT_LIMIT, OPERATOR_INACTIVE, Result},
    operators,
    proto::{self, SetContactStatusRequest},
    request_id::Claim,
    statistics,
    validate::Violations,
};

pub(super) async fn set_contact_status(
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

    let organization_id = context.organization_id;
    context
        .write(claim, async |conn| {
            let (contact, time) = store::lock(conn, organization_id, id).await?;
            if contact.status == status {
                return Ok(contact.into());
            }
            let before = contact.clone();
            let contact =
                change(conn, organization_id, contact, status, request.force, time).await?;
            let contact = store::update(conn, organization_id, &contact).await?;
            statistics::store::record(conn, organization_id, [&before], [&contact]).await?;
            Ok(contact.into())
        })
        .await
}

/// The contact with its new status; its operator's load follows.
async fn change(
    conn: &Conn,
    organization_id: Uuid,
    mut contact: Contact,
    status: ContactStatus,
    force: bool,
    time: DateTime<Utc>,
) -> Result<Contact> {
    let was_active = contact.status.is_active();
    contact.status = status;
    contact.update_time = time;
    contact.close_time = (!status.is_active()).then_some(time);
    if was_active == status.is_active() {
        return Ok(contact);
    }
    let Some(operator_id) = contact.operator_id else {
        return Ok(contact);
    };
    if was_active {
        operators::store::add_loads(conn, organization_id, [(operator_id, -1)]).await?;
        return Ok(contact);
    }
    let operators = lock_operators(
        conn,
        organization_id,
        &SourceKeys::default(),
        &[operator_id],
    )
    .await?;
    let operator = operators.into_iter().next();
    let operator = operator.ok_or_else(|| Error::internal("contact without its operator"))?;
    let deleted = operator.delete_time.is_some();
    // The window counts what was given, and reopening gives nothing.
    let obstacle = distribution::Member {
        operator,
        window_load: 0,
    }
    .obstacle();
    let reason = match obstacle {
        Some(ExclusionReason::AtLoadLimit) => Some(OPERATOR_AT_LIMIT),
        Some(ExclusionReason::Inactive) => Some(OPERATOR_INACTIVE),
        _ => None,
    };
    match reason {
        Some(reason) if !force => Err(Error::Precondition {
            reason,
            kind: "operator",
            id: operator_id,
        }),
        _ if deleted => to_backlog(conn, organization_id, contact, operator_id, time).await,
        _ => {
            operators::store::add_loads(conn, organization_id, [(operator_id, 1)]).await?;
            Ok(contact)
        }
    }
}

/// Nobody is left to give the contact back to.
async fn to_backlog(
    conn: &Conn,
    organization_id: Uuid,
    mut contact: Contact,
    operator_id: Uuid,
    time: DateTime<Utc>,
) -> Result<Contact> {
    contact.operator_id = None;
    contact.pool_id = None;
    contact.assign_time = None;
    contact.backlog_reason = Some(BacklogReason::OperatorDeleted);
    let assignment = Assignment {
        previous_operator_id: Some(operator_id),
        backlog_reason: contact.backlog_reason,
        forced: true,
        ..Assignment::new(contact.id, AssignmentKind::Released, time)
    };
    assignments::insert_all(conn, organization_id, &[&assignment]).await?;
    Ok(contact)
}
