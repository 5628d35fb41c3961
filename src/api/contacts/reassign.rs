//! `ReassignContact`: giving an active contact to another operator, by a draw or by name, or
//! taking it from its operator.

use super::convert::{answer, once};
use crate::{
    call::Context,
    contacts::{Change, Contacts, Target},
    error::Result,
    platform::{grpc::validate::Violations, idempotency::IdempotencyKey},
    proto::{self, ReassignContactRequest},
};

pub async fn reassign_contact(
    contacts: Contacts,
    context: Context,
    request: ReassignContactRequest,
) -> Result<proto::Contact> {
    let mut violations = Violations::new();
    let key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    let named = request
        .operator_id
        .as_deref()
        .map(|named| violations.id("operator_id", named));
    if request.to_backlog && named.is_some() {
        violations.add("to_backlog", "cannot be combined with operator_id");
    }
    violations.finish()?;
    let change = Change {
        once: key.map(|key| once::<_, proto::Contact>(&context, key)),
        id,
        force: request.force,
        target: if request.to_backlog {
            Target::Backlog
        } else {
            Target::Operator(named)
        },
    };
    answer(contacts.change(&context.actor, change).await?)
}
