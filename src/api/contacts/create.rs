//! `CreateContact` and `BatchCreateContacts`.

use phonenumber::country;
use prost::Message;
use uuid::Uuid;

use super::{
    convert::{answer, once},
    view::View,
};
use crate::{
    api::convert::lead_identity,
    call::Context,
    contacts::{Contacts, NewContact, SourceRef},
    error::{Error, Result},
    platform::{
        batch,
        grpc::{
            page,
            validate::{MAX_MESSAGE, Violations},
        },
        idempotency::{self, CallerKey, IdempotencyKey, Replay},
    },
    proto::{
        self, BatchCreateContactsRequest, BatchCreateContactsResponse, BatchCreateContactsResult,
        CreateContactRequest, CreateContactResponse, batch_create_contacts_result,
        create_contact_request::Source,
    },
    sources,
};

/// Most requests of `BatchCreateContacts`.
const MAX_REQUESTS: usize = 1000;

/// Checks a request. National phone numbers are read as of `region`.
pub fn parse(
    violations: &mut Violations,
    request: CreateContactRequest,
    region: Option<country::Id>,
) -> (NewContact, Option<IdempotencyKey>) {
    let key = IdempotencyKey::of(violations, &request);
    let source = match &request.source {
        Some(Source::SourceId(id)) => SourceRef::Id(violations.id("source_id", id)),
        Some(Source::SourceCode(code)) => {
            let code = sources::normalize_code(code);
            if !sources::is_code(&code) {
                violations.add("source_code", "is not the code of a source");
            }
            SourceRef::Code(code)
        }
        None => {
            violations.add("source", "needs a source_id or a source_code");
            SourceRef::Code(String::new())
        }
    };
    let lead = request.lead.unwrap_or_default();
    let contact = NewContact {
        once: None,
        source,
        lead: lead_identity(violations, "lead", &lead, region),
        message: violations.lines("message", &request.message, MAX_MESSAGE),
    };
    (contact, key)
}

pub async fn create_contact(
    contacts: Contacts,
    context: Context,
    request: CreateContactRequest,
) -> Result<CreateContactResponse> {
    let mut violations = Violations::new();
    let (mut contact, key) = parse(&mut violations, request, context.phone_region());
    violations.finish()?;
    contact.once = key.map(|key| once::<_, CreateContactResponse>(&context, key));
    let view = View::of(&context, &contact.lead);
    let done = contacts.create(&context.actor, contact).await?;
    Ok(view.answer(answer(done)?))
}

pub async fn batch_create_contacts(
    contacts: Contacts,
    context: Context,
    request: BatchCreateContactsRequest,
) -> Result<BatchCreateContactsResponse> {
    let mut violations = Violations::new();
    if request.requests.is_empty() {
        violations.add("requests", "is required");
    } else if request.requests.len() > MAX_REQUESTS {
        violations.add("requests", format!("are more than {MAX_REQUESTS}"));
    }
    let key = IdempotencyKey::of(&mut violations, &request);
    violations.finish()?;
    if let Some(key) = key.clone() {
        pin(&context, &key.of_caller(context.identity)).await?;
    }

    let mut results: Vec<_> = request.requests.iter().map(|_| None).collect();
    let (mut accepted, mut views) = (Vec::new(), Vec::new());
    for (index, request) in request.requests.into_iter().enumerate() {
        let mut violations = Violations::new();
        let (mut contact, own) = parse(&mut violations, request, context.phone_region());
        match violations.finish() {
            Ok(()) => {
                let key = own.or_else(|| key.as_ref().map(|batch| item(batch, index)));
                contact.once = key.map(|key| once::<_, CreateContactResponse>(&context, key));
                views.push((index, View::of(&context, &contact.lead)));
                accepted.push(contact);
            }
            Err(error) => results[index] = Some(Err(error)),
        }
    }
    let mut created = Vec::with_capacity(accepted.len());
    let mut accepted = accepted.into_iter().peekable();
    while accepted.peek().is_some() {
        let batch: Vec<_> = accepted.by_ref().take(batch::MAX_BATCH).collect();
        let size = batch.len();
        let answers = contacts.create_all(&context.actor, batch).await;
        created.extend(
            answers.unwrap_or_else(|error| (0..size).map(|_| Err(error.clone())).collect()),
        );
    }
    for ((index, view), done) in views.into_iter().zip(created) {
        let response = done.and_then(answer);
        results[index] = Some(response.map(|response| view.answer(response)));
    }
    let results = batch::all_answers(results)
        .into_iter()
        .map(result)
        .collect();
    Ok(shortened(results))
}

/// The answer; without the messages if it would be too long, and with the ids only of
/// leads and operators if it still were. (Errors are short.)
fn shortened(results: Vec<BatchCreateContactsResult>) -> BatchCreateContactsResponse {
    use batch_create_contacts_result::Result as Answer;
    let without_messages = |response: &mut CreateContactResponse| {
        if let Some(contact) = &mut response.contact {
            contact.message.clear();
        }
    };
    let with_ids_only = |response: &mut CreateContactResponse| {
        response.lead = response.lead.take().map(|lead| proto::Lead {
            id: lead.id,
            ..Default::default()
        });
        response.operator = response.operator.take().map(|operator| proto::Operator {
            id: operator.id,
            ..Default::default()
        });
    };
    let mut batch = BatchCreateContactsResponse {
        results,
        shortened: false,
    };
    let ways: [&dyn Fn(&mut CreateContactResponse); 2] = [&without_messages, &with_ids_only];
    for shorten in ways {
        if batch.encoded_len() <= page::MAX_BYTES {
            break;
        }
        batch.shortened = true;
        for result in &mut batch.results {
            if let Some(Answer::Response(response)) = &mut result.result {
                shorten(response);
            }
        }
    }
    batch
}

fn result(result: Result<CreateContactResponse>) -> BatchCreateContactsResult {
    use batch_create_contacts_result::Result as Answer;
    let result = match result {
        Ok(response) => Answer::Response(response),
        Err(error) => Answer::Error(error.to_rpc_status()),
    };
    BatchCreateContactsResult {
        result: Some(result),
    }
}

/// Binds the batch's `request_id` to this batch. Its items have keys of their
/// own, so that a batch of which a part was taken in can be finished.
async fn pin(context: &Context, key: &CallerKey) -> Result<()> {
    let pinned = context
        .db()
        .transaction(context.organization_id, async |tx| {
            idempotency::reserve(tx, key).await
        })
        .await?;
    match pinned {
        Replay::Mismatch => Err(Error::RequestIdReused),
        Replay::None(_) | Replay::Answer(_) => Ok(()),
    }
}

/// The key of an item of a batch.
fn item(batch: &IdempotencyKey, index: usize) -> IdempotencyKey {
    let request_id = Uuid::new_v5(&batch.request_id, index.to_string().as_bytes());
    IdempotencyKey {
        request_id,
        ..batch.clone()
    }
}
