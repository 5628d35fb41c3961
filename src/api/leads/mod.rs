//! `LeadService`: a function per method, in the file of its name if not here.

mod convert;
mod lock;
mod privacy;
mod view;

use std::sync::Arc;

use tonic::Request;

use crate::{
    api::leads::{
        lock::lock,
        privacy::{erase_lead, export_lead},
        view::answer,
    },
    call::{
        Context, Frame,
        reply::{Rpc, reply},
    },
    contacts,
    error::{Error, Resource, Result},
    ids::LeadId,
    leads::store::{self, Identifier, LeadChange, NewLead},
    model::{Change, change::ContactFacts},
    platform::{
        grpc::{
            mask::Mask,
            page::Pager,
            validate::{MAX_NAME, Violations},
            whose::Whose,
        },
        idempotency::{self, IdempotencyKey},
    },
    proto::{
        self, CreateLeadRequest, DeleteLeadRequest, EraseLeadRequest, ExportLeadRequest,
        ExportLeadResponse, GetLeadRequest, ListLeadsRequest, ListLeadsResponse, LookupLeadRequest,
        UpdateLeadRequest, lead_service_server::LeadService, lookup_lead_request,
    },
};

/// Serves `LeadService`.
pub struct Leads(pub Arc<Frame>);

#[tonic::async_trait]
impl LeadService for Leads {
    async fn create_lead(&self, r: Request<CreateLeadRequest>) -> Rpc<proto::Lead> {
        reply(&self.0, r, create_lead).await
    }

    async fn get_lead(&self, r: Request<GetLeadRequest>) -> Rpc<proto::Lead> {
        reply(&self.0, r, get_lead).await
    }

    async fn lookup_lead(&self, r: Request<LookupLeadRequest>) -> Rpc<proto::Lead> {
        reply(&self.0, r, lookup_lead).await
    }

    async fn list_leads(&self, r: Request<ListLeadsRequest>) -> Rpc<ListLeadsResponse> {
        reply(&self.0, r, list_leads).await
    }

    async fn update_lead(&self, r: Request<UpdateLeadRequest>) -> Rpc<proto::Lead> {
        reply(&self.0, r, update_lead).await
    }

    async fn delete_lead(&self, r: Request<DeleteLeadRequest>) -> Rpc<()> {
        reply(&self.0, r, delete_lead).await
    }

    async fn export_lead(&self, r: Request<ExportLeadRequest>) -> Rpc<ExportLeadResponse> {
        reply(&self.0, r, export_lead).await
    }

    async fn erase_lead(&self, r: Request<EraseLeadRequest>) -> Rpc<proto::Lead> {
        reply(&self.0, r, erase_lead).await
    }
}

async fn create_lead(context: Context, request: CreateLeadRequest) -> Result<proto::Lead> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let lead = violations.required("lead", request.lead)?;
    let lead = NewLead {
        id: LeadId::generate(),
        external_id: violations.optional_line("lead.external_id", &lead.external_id, MAX_NAME),
        phone: violations.phone("lead.phone", &lead.phone, context.phone_region()),
        email: violations.email("lead.email", &lead.email),
        name: violations.line("lead.name", &lead.name, MAX_NAME),
        owner_user_id: violations
            .optional_id("lead.owner_user_id", &lead.owner_user_id)
            .or(context.identity.user_id()),
    };
    let identifiers = [&lead.external_id, &lead.phone, &lead.email];
    check_known(&mut violations, identifiers, &lead.name);
    violations.finish()?;
    context.check_own(lead.owner_user_id)?;
    let (lead, context) = (&lead, &context);
    context
        .write(idempotency_key, async |tx| {
            context.check_member(tx, lead.owner_user_id).await?;
            let lead = store::insert(tx, lead).await?;
            tx.record(Change::LeadCreated(lead.id));
            Ok(lead.into())
        })
        .await
}

async fn get_lead(context: Context, request: GetLeadRequest) -> Result<proto::Lead> {
    let mut violations = Violations::new();
    let id = violations.id("id", &request.id);
    let view = violations.known_enum("view", request.view);
    violations.finish()?;
    context
        .read(async |tx| {
            let lead = store::find(tx, id).await?;
            answer(tx, lead, view).await
        })
        .await
}

async fn lookup_lead(context: Context, request: LookupLeadRequest) -> Result<proto::Lead> {
    use lookup_lead_request::Identifier as Given;
    let mut violations = Violations::new();
    let view = violations.known_enum("view", request.view);
    let v = &mut violations;
    let (given, identifier) = match &request.identifier {
        Some(Given::ExternalId(value)) => {
            let id = v.optional_line("external_id", value, MAX_NAME);
            ("external_id", id.map(Identifier::ExternalId))
        }
        Some(Given::Phone(value)) => (
            "phone",
            v.phone("phone", value, context.phone_region())
                .map(Identifier::Phone),
        ),
        Some(Given::Email(value)) => ("email", v.email("email", value).map(Identifier::Email)),
        None => ("identifier", None),
    };
    if identifier.is_none() {
        violations.add(given, "is required");
    }
    violations.finish()?;
    let identifier = &identifier;
    context
        .read(async |tx| {
            let lead = match identifier {
                Some(identifier) => store::lookup(tx, identifier).await?,
                None => None,
            };
            // The identifier itself is personal data and stays out of the error.
            let lead = lead.ok_or_else(|| Error::not_found(Resource::Lead, given))?;
            answer(tx, lead, view).await
        })
        .await
}

async fn list_leads(context: Context, request: ListLeadsRequest) -> Result<ListLeadsResponse> {
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, context.organization_id, &request);
    let search = violations.optional_line("search", &request.search, MAX_NAME);
    let owner = Whose::parse(
        &mut violations,
        ("owner_user_id", &request.owner_user_id),
        ("without_owner", request.without_owner),
    );
    violations.finish()?;
    let page = pager.page;
    let search = search.as_deref();
    let leads = context
        .read_stale(async |tx| match search {
            Some(text) => store::search(tx, text, owner, page).await,
            None => store::list(tx, owner, page).await,
        })
        .await?;
    let page = pager.finish(leads, |lead| lead.id, proto::Lead::from);
    Ok(ListLeadsResponse {
        leads: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

async fn update_lead(context: Context, request: UpdateLeadRequest) -> Result<proto::Lead> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let lead = violations.required("lead", request.lead)?;
    let id = violations.id("lead.id", &lead.id);
    let fields = [
        ("external_id", !lead.external_id.is_empty()),
        ("phone", !lead.phone.is_empty()),
        ("email", !lead.email.is_empty()),
        ("name", !lead.name.is_empty()),
        ("owner_user_id", !lead.owner_user_id.is_empty()),
    ];
    let elsewhere = [
        ("contacts", "the methods of ContactService"),
        ("deals", "the methods of DealService"),
    ];
    let mask = Mask::parse::<proto::Lead>(
        &mut violations,
        request.update_mask.as_ref(),
        &fields,
        &elsewhere,
    );
    let v = &mut violations;
    let change = LeadChange {
        external_id: mask.then("external_id", || {
            v.optional_line("lead.external_id", &lead.external_id, MAX_NAME)
        }),
        phone: mask.then("phone", || {
            v.phone("lead.phone", &lead.phone, context.phone_region())
        }),
        email: mask.then("email", || v.email("lead.email", &lead.email)),
        name: mask.then("name", || v.line("lead.name", &lead.name, MAX_NAME)),
        owner_user_id: mask.then("owner_user_id", || {
            v.optional_id("lead.owner_user_id", &lead.owner_user_id)
        }),
    };
    violations.finish()?;

    let (context, change, etag) = (&context, &change, &lead.etag);
    context
        .write(idempotency_key, async |tx| {
            let lead = lock(context, tx, id, etag).await?;
            let change = change.clone().of(&lead);
            if change == LeadChange::default() {
                return Ok(lead.into());
            }
            if let Some(owner) = change.owner_user_id {
                context.check_own(owner)?;
                context.check_member(tx, owner).await?;
            }
            let identifiers = [&change.external_id, &change.phone, &change.email];
            let new = identifiers.map(|new| new.as_ref().and_then(Option::as_deref));
            store::check_free(tx, new).await?;
            let lead = store::update(tx, id, &change).await?;
            let mut violations = Violations::new();
            let identifiers = [&lead.external_id, &lead.phone, &lead.email];
            check_known(&mut violations, identifiers, &lead.name);
            violations.finish()?;
            tx.record(Change::LeadUpdated(id));
            Ok(lead.into())
        })
        .await
}

async fn delete_lead(context: Context, request: DeleteLeadRequest) -> Result<()> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;

    let (context, etag) = (&context, &request.etag);
    context
        .write(idempotency_key, async |tx| {
            let lead = lock(context, tx, id, etag).await?;
            // Whatever is left after this keeps the lead from being deleted.
            let deleted = contacts::store::delete_closed(tx, id).await?;
            store::delete(tx, id).await?;
            let contacts = deleted.iter();
            let times = contacts.flat_map(|contact| [contact.create_time, contact.update_time]);
            let times = times.chain([lead.create_time, lead.update_time]);
            idempotency::forget_at(tx, times, id.into()).await?;
            let contacts = deleted.iter().map(ContactFacts::from).collect();
            tx.record(Change::LeadDeleted { id, contacts });
            Ok(())
        })
        .await
}

/// Refuses a lead of whom nothing is known.
fn check_known(violations: &mut Violations, identifiers: [&Option<String>; 3], name: &str) {
    if name.is_empty() && identifiers.iter().all(|identifier| identifier.is_none()) {
        violations.add("lead", "needs an external_id, a phone, an email or a name");
    }
}
