//! Intake: `CreateContact` and `BatchCreateContacts`. Both end in
//! `write`, where groups are made of what arrives at the same time; `group` decides about
//! those of a group.

mod answer;
mod decide;
mod group;

use answer::View;
pub use group::{Intake, lock_leads, named_sources};
use phonenumber::country;
use prost::Message;
use uuid::Uuid;

use super::write;
use crate::{
    access,
    call::Context,
    error::{Error, Result},
    leads::Identity,
    platform::{
        batch,
        grpc::{
            page,
            validate::{MAX_MESSAGE, Violations},
        },
        idempotency::{self, Claim, Claimed, Owned},
    },
    proto::{
        self, BatchCreateContactsRequest, BatchCreateContactsResponse, BatchCreateContactsResult,
        CreateContactRequest, CreateContactResponse, batch_create_contacts_result,
        create_contact_request::Source,
    },
    sources,
};

/// Most requests in a batch.
const MAX_BATCH: usize = 1000;

/// A contact to take in, checked and normalised.
#[derive(Debug)]
pub struct NewContact {
    /// What its request claims to be, if it may be repeated.
    pub(super) claim: Option<Owned>,
    /// The source it comes through.
    source: SourceRef,
    /// Who asks.
    identity: Identity,
    /// What they wrote.
    message: String,
    /// Who called, and what.
    call: (access::Identity, &'static str),
}

/// How a request names its source.
#[derive(Debug, Clone, PartialEq, Eq)]
enum SourceRef {
    /// By id.
    Id(Uuid),
    /// By code.
    Code(String),
}

impl NewContact {
    /// Checks a request of this caller, who called this method. National phone numbers are
    /// read as of `region`.
    pub fn parse(
        violations: &mut Violations,
        request: CreateContactRequest,
        region: Option<country::Id>,
        call: (access::Identity, &'static str),
    ) -> Self {
        let claim = Claim::parse(violations, "CreateContact", &request.request_id, &request);
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
        Self {
            claim: claim.map(|claim| claim.of(call.0)),
            source,
            identity: Identity::parse(violations, "lead", &lead, region),
            message: violations.lines("message", &request.message, MAX_MESSAGE),
            call,
        }
    }
}

pub(super) async fn create_contact(
    context: Context,
    request: CreateContactRequest,
) -> Result<CreateContactResponse> {
    let mut violations = Violations::new();
    let call = (context.identity, context.method);
    let contact = NewContact::parse(&mut violations, request, context.phone_region(), call);
    violations.finish()?;
    let view = View::of(&context, &contact.identity);
    Ok(view.answer(write::take_in(&context, contact).await?))
}

pub(super) async fn batch_create_contacts(
    context: Context,
    request: BatchCreateContactsRequest,
) -> Result<BatchCreateContactsResponse> {
    let mut violations = Violations::new();
    if request.requests.is_empty() {
        violations.add("requests", "is required");
    } else if request.requests.len() > MAX_BATCH {
        violations.add("requests", format!("are more than {MAX_BATCH}"));
    }
    let claim = Claim::parse(
        &mut violations,
        "BatchCreateContacts",
        &request.request_id,
        &request,
    );
    violations.finish()?;
    let call = (context.identity, context.method);
    if let Some(claim) = claim.clone() {
        pin(&context, &claim.of(context.identity)).await?;
    }

    let mut results: Vec<_> = request.requests.iter().map(|_| None).collect();
    let mut contacts = Vec::new();
    let mut places = Vec::new();
    for (index, request) in request.requests.into_iter().enumerate() {
        let mut violations = Violations::new();
        let mut contact = NewContact::parse(&mut violations, request, context.phone_region(), call);
        match violations.finish() {
            Ok(()) => {
                let batch = claim.as_ref();
                let item = batch.map(|batch| item(batch, index).of(context.identity));
                contact.claim = contact.claim.or(item);
                places.push((index, View::of(&context, &contact.identity)));
                contacts.push(contact);
            }
            Err(error) => results[index] = Some(Err(error)),
        }
    }
    let mut taken_in = Vec::with_capacity(contacts.len());
    let mut contacts = contacts.into_iter().peekable();
    while contacts.peek().is_some() {
        let group: Vec<_> = contacts.by_ref().take(batch::MAX_GROUP).collect();
        let size = group.len();
        let answers = write::take_in_all(&context, group).await;
        taken_in.extend(answers.unwrap_or_else(|error| vec![Err(error); size]));
    }
    for ((index, view), result) in places.into_iter().zip(taken_in) {
        results[index] = Some(result.map(|response| view.answer(response)));
    }
    let results = batch::all(results).into_iter().map(answer).collect();
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

fn answer(result: Result<CreateContactResponse>) -> BatchCreateContactsResult {
    use batch_create_contacts_result::Result as Answer;
    let result = match result {
        Ok(response) => Answer::Response(response),
        Err(error) => Answer::Error(error.to_rpc_status()),
    };
    BatchCreateContactsResult {
        result: Some(result),
    }
}

/// Binds the batch's `request_id` to this batch. Its items are claimed one by
/// one, so that a batch of which a part was taken in can be finished.
async fn pin(context: &Context, claim: &Owned) -> Result<()> {
    let organization_id = context.organization_id;
    let pinned = context
        .db()
        .transaction(context.scope(), async |conn| {
            idempotency::claim(conn, organization_id, claim).await
        })
        .await?;
    match pinned {
        Claimed::Reused => Err(Error::RequestIdReused),
        Claimed::Fresh(_) | Claimed::Replay(_) => Ok(()),
    }
}

/// The claim of an item of a batch.
fn item(batch: &Claim, index: usize) -> Claim {
    let request_id = Uuid::new_v5(&batch.request_id, index.to_string().as_bytes());
    Claim {
        request_id,
        ..batch.clone()
    }
}
