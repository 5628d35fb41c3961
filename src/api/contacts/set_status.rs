//! `SetContactStatus`.

use super::convert::{answer, once};
use crate::{
    call::Context,
    contacts::{Change, Contacts, Target},
    error::{Error, Result},
    platform::{grpc::validate::Violations, idempotency::IdempotencyKey},
    proto::{self, SetContactStatusRequest},
};

pub async fn set_contact_status(
    contacts: Contacts,
    context: Context,
    request: SetContactStatusRequest,
) -> Result<proto::Contact> {
    let mut violations = Violations::new();
    let key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    let status: proto::ContactStatus = violations.required_enum("status", request.status);
    violations.finish()?;
    let status = Option::from(status).ok_or_else(|| Error::internal("no status"))?;
    let change = Change {
        once: key.map(|key| once::<_, proto::Contact>(&context, key)),
        id,
        force: request.force,
        target: Target::Status(status),
    };
    answer(contacts.change(&context.actor, change).await?)
}
