//! `UpdateContact`: what can be changed of a contact without moving load.

use crate::{
    call::Context,
    contacts::store::{self, Contact},
    error::{Error, Resource, Result},
    model::{Change, change::ContactFacts},
    operators,
    platform::{
        db::TenantTx,
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

    let (message, etag, context) = (&message, &contact.etag, &context);
    context
        .write(key, async |tx| {
            let (mut contact, time) = store::lock(tx, id).await?;
            check_own(context, tx, &contact).await?;
            Error::check_etag(Resource::Contact, id, etag, contact.revision)?;
            let Some(message) = other(message.clone(), &contact.message) else {
                return Ok(contact.into());
            };
            let before = ContactFacts::from(&contact);
            contact.message = message;
            contact.update_time = time;
            let contact = store::update(tx, &contact).await?;
            let after = ContactFacts::from(&contact);
            tx.record(Change::ContactChanged { id, before, after });
            Ok(contact.into())
        })
        .await
}

/// Refuses callers who are granted their own contacts only, if its operator is
/// not linked with them.
async fn check_own(context: &Context, tx: &TenantTx, contact: &Contact) -> Result<()> {
    let Some(user_id) = context.restricted_to_user() else {
        return Ok(());
    };
    let linked = operators::store::linked_with(tx, &[user_id]).await?;
    let own = linked
        .iter()
        .any(|link| contact.operator_id == Some(link.0));
    context.check_own(own.then_some(user_id))
}
