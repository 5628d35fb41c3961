//! `DealService.CreateDeal`.

use bigdecimal::BigDecimal;

use crate::{
    call::Context,
    contacts,
    deals::{DealStage, DealStatus, MAX_TITLE, amount, change, service, store::DealFields},
    error::{Error, Result},
    ids::{ContactId, DealId, LeadId, OperatorId, UserId},
    operators, organizations,
    platform::{db::TenantTx, grpc::validate::Violations, idempotency::IdempotencyKey},
    proto::{self, CreateDealRequest},
};

/// A deal to create, as far as the request tells.
#[derive(Clone)]
struct NewDeal {
    id: DealId,
    lead_id: Option<LeadId>,
    contact_id: Option<ContactId>,
    owner_user_id: Option<UserId>,
    title: String,
    amount: Option<BigDecimal>,
    currency: Option<String>,
    status: Option<DealStatus>,
    stage: Option<DealStage>,
}

impl NewDeal {
    fn parse(v: &mut Violations, deal: &proto::Deal) -> Self {
        let currency = &deal.currency;
        let new = Self {
            id: DealId::generate(),
            lead_id: v.optional_id("deal.lead_id", &deal.lead_id),
            contact_id: v.optional_id("deal.contact_id", &deal.contact_id),
            owner_user_id: v.optional_id("deal.owner_user_id", &deal.owner_user_id),
            title: v.required_line("deal.title", &deal.title, MAX_TITLE),
            amount: amount::parse(v, "deal.amount", &deal.amount),
            currency: (!currency.is_empty()).then(|| v.currency("deal.currency", currency)),
            status: v
                .known_enum::<proto::DealStatus>("deal.status", deal.status)
                .into(),
            stage: v
                .known_enum::<proto::DealStage>("deal.stage", deal.stage)
                .into(),
        };
        if deal.lead_id.is_empty() && deal.contact_id.is_empty() {
            v.add("deal", "needs a lead_id or a contact_id");
        }
        if new.status.is_some_and(DealStatus::is_final)
            && new.stage.is_some_and(|stage| stage != DealStage::Closed)
        {
            v.add("deal.stage", "is CLOSED if the deal is WON or LOST");
        }
        new
    }
}

pub async fn create_deal(context: Context, request: CreateDealRequest) -> Result<proto::Deal> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let deal = violations.required("deal", request.deal)?;
    let new = NewDeal::parse(&mut violations, &deal);
    violations.finish()?;
    let (context, new) = (&context, &new);
    context
        .write(idempotency_key, async |tx| {
            let (lead_id, fields) = resolve_defaults(context, tx, new).await?;
            context.check_own(fields.owner_user_id)?;
            change::check_won(new.id, &fields)?;
            let deal = service::insert(tx, new.id, lead_id, &fields).await?;
            Ok(deal.into())
        })
        .await
}

/// The lead and the fields of a new deal, with what its contact and the
/// organization know.
async fn resolve_defaults(
    context: &Context,
    tx: &TenantTx,
    new: &NewDeal,
) -> Result<(LeadId, DealFields)> {
    let owner = new.owner_user_id.or(context.identity.user_id());
    context.check_member(tx, owner).await?;
    let mut violations = Violations::new();
    let (mut lead_id, mut linked) = (new.lead_id, None);
    if let Some(contact_id) = new.contact_id {
        let contact = contacts::store::find(tx, contact_id).await?;
        if lead_id.is_some_and(|lead_id| lead_id != contact.lead_id) {
            violations.add("deal.contact_id", "is of another lead");
        }
        lead_id = Some(contact.lead_id);
        if let (None, Some(id)) = (new.owner_user_id, contact.operator_id) {
            linked = linked_user(context, tx, id).await?;
        }
    }
    let organization = organizations::store::find(tx).await?;
    let currency = new.currency.as_ref();
    let currency = currency.unwrap_or(&organization.default_currency).clone();
    if !organization.allows(&currency) {
        violations.add("deal.currency", "is none of the organization's currencies");
    }
    let amount = new.amount.clone().unwrap_or_default();
    amount::check(&mut violations, &amount, &currency);
    violations.finish()?;
    let status = new.status.unwrap_or(DealStatus::New);
    let stage = if status.is_final() {
        DealStage::Closed
    } else {
        new.stage.unwrap_or(DealStage::Qualification)
    };
    let fields = DealFields {
        contact_id: new.contact_id,
        owner_user_id: new.owner_user_id.or(linked).or(context.identity.user_id()),
        title: new.title.clone(),
        amount,
        currency,
        status,
        stage,
        reached_stage: DealStage::Qualification.furthest(stage),
    };
    Ok((lead_id.unwrap_or_default(), fields))
}

/// The user whom the operator is, while a member.
async fn linked_user(
    context: &Context,
    tx: &TenantTx,
    operator_id: OperatorId,
) -> Result<Option<UserId>> {
    let operator = operators::store::find(tx, operator_id).await?;
    match context.check_member(tx, operator.user_id).await {
        Ok(()) => Ok(operator.user_id),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
