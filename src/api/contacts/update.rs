//! `UpdateContact`: what can be changed of a contact without moving load.

use crate::{
    call::Context,
    contacts::store::{self, Contact},
    error::{Error, Resource, Result},
    operators,
    platform::{
        db::Conn,
        grpc::{
            mask::{Mask, other},
            validate::{MAX_MESSAGE, Violations},
        },
        idempotency::IdempotencyKey,
    },
    proto::{self, UpdateContactRequest},
};

pub async fn update_contact(
    context: Context,
    request: UpdateContactRequest,
) -> Result<proto::Contact> {
    let mut violations = Violations::new();
    let key = IdempotencyKey::of(&mut violations, &request);
    let contact = violations.required("contact", request.contact)?;
    let id = violations.id("contact.id", &contact.id);
    let fields = [("message", !contact.message.is_empty())];
    let elsewhere = [
        ("operator_id", "ReassignContact"),
        ("status", "SetContactStatus"),
        ("backlog_reason", "ReassignContact"),
        ("assign_time", "ReassignContact"),
        ("close_time", "SetContactStatus"),
    ];
    let mask = Mask::parse::<proto::Contact>(
        &mut violations,
        request.update_mask.as_ref(),
        &fields,
        &elsewhere,
    );
    let message = mask.then("message", || {
        violations.lines("contact.message", &contact.message, MAX_MESSAGE)
    });
    violations.finish()?;

    let organization_id = context.organization_id;
    let (message, etag, context) = (&message, &contact.etag, &context);
    context
        .write(key, id, async |conn| {
            let (mut contact, time) = store::lock(conn, organization_id, id).await?;
            check_own(context, conn, &contact).await?;
            Error::check_etag(Resource::Contact, id, etag, contact.revision)?;
            let Some(message) = other(message.clone(), &contact.message) else {
                conn.unchanged();
                return Ok(contact.into());
            };
            contact.message = message;
            contact.update_time = time;
            let contact = store::update(conn, organization_id, &contact).await?;
            Ok(contact.into())
        })
        .await
}

/// Refuses callers who are granted their own contacts only, if its operator is
/// not linked with them.
async fn check_own(context: &Context, conn: &Conn, contact: &Contact) -> Result<()> {
    let Some(user_id) = context.restricted_to_user() else {
        return Ok(());
    };
    let organization_id = context.organization_id;
    let linked = operators::store::linked_with(conn, organization_id, &[user_id]).await?;
    let own = linked
        .iter()
        .any(|link| contact.operator_id == Some(link.0));
    context.check_own(own.then_some(user_id))
}
