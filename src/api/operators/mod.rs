//! `OperatorService`.

use std::sync::Arc;

use tonic::Request;

use crate::{
    api::convert::operator as answer,
    call::{
        Context, Frame,
        reply::{Rpc, reply},
    },
    contacts, dispatch,
    error::{Error, Resource, Result},
    ids::OperatorId,
    model::Change,
    operators::store::{self, Filter, NewOperator, Operator, OperatorChange},
    platform::{
        db::TenantTx,
        grpc::{
            mask::Mask,
            page::Pager,
            validate::{MAX_NAME, Violations},
        },
        idempotency::IdempotencyKey,
    },
    proto::{
        self, CreateOperatorRequest, DeleteOperatorRequest, GetOperatorRequest,
        ListOperatorsRequest, ListOperatorsResponse, UpdateOperatorRequest,
        operator_service_server::OperatorService,
    },
    sources,
};

const MAX_LIMIT: i32 = 1_000_000;
const DEFAULT_WINDOW_SECONDS: i32 = 24 * 60 * 60;
const MAX_WINDOW_SECONDS: i64 = 31 * 24 * 60 * 60;

/// Serves `OperatorService`.
pub struct Operators(pub Arc<Frame>);

#[tonic::async_trait]
impl OperatorService for Operators {
    async fn create_operator(&self, r: Request<CreateOperatorRequest>) -> Rpc<proto::Operator> {
        reply(&self.0, r, create_operator).await
    }

    async fn get_operator(&self, r: Request<GetOperatorRequest>) -> Rpc<proto::Operator> {
        reply(&self.0, r, get_operator).await
    }

    async fn list_operators(&self, r: Request<ListOperatorsRequest>) -> Rpc<ListOperatorsResponse> {
        reply(&self.0, r, list_operators).await
    }

    async fn update_operator(&self, r: Request<UpdateOperatorRequest>) -> Rpc<proto::Operator> {
        reply(&self.0, r, update_operator).await
    }

    async fn delete_operator(&self, r: Request<DeleteOperatorRequest>) -> Rpc<proto::Operator> {
        reply(&self.0, r, delete_operator).await
    }
}

async fn create_operator(
    context: Context,
    request: CreateOperatorRequest,
) -> Result<proto::Operator> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let operator = violations.required("operator", request.operator)?;
    let operator = NewOperator {
        id: OperatorId::generate(),
        name: violations.required_line("operator.name", &operator.name, MAX_NAME),
        active: operator.active.unwrap_or(true),
        load_limit: limit(&mut violations, "operator.load_limit", operator.load_limit),
        window_limit: limit(
            &mut violations,
            "operator.window_limit",
            operator.window_limit,
        ),
        window_seconds: window_seconds(&mut violations, operator.window),
        user_id: violations.optional_id("operator.user_id", &operator.user_id),
    };
    violations.finish()?;
    let operator = &operator;
    context
        .write(idempotency_key, async |tx| {
            context.check_member(tx, operator.user_id).await?;
            let operator = store::insert(tx, operator).await?;
            tx.record(Change::OperatorCreated(operator.id));
            Ok(answer(operator, 0))
        })
        .await
}

async fn get_operator(context: Context, request: GetOperatorRequest) -> Result<proto::Operator> {
    let mut violations = Violations::new();
    let id = violations.id("id", &request.id);
    violations.finish()?;
    context
        .read(async |tx| {
            let operator = store::find(tx, id).await?;
            answer_one(tx, operator).await
        })
        .await
}

async fn list_operators(
    context: Context,
    request: ListOperatorsRequest,
) -> Result<ListOperatorsResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, organization_id, &request);
    violations.finish()?;
    let filter = &Filter {
        active: request.active,
        deleted: request.show_deleted,
    };
    let page = pager.page;
    let (operators, loads) = context
        .read_stale(async |tx| {
            let operators = store::list(tx, filter, page).await?;
            let loads = dispatch::store::window_loads(tx, &operators.rows).await?;
            Ok((operators, loads))
        })
        .await?;
    let page = pager.finish(
        operators,
        |operator| operator.id,
        |operator| {
            let window_load = loads.get(&operator.id).copied().unwrap_or_default();
            answer(operator, window_load)
        },
    );
    Ok(ListOperatorsResponse {
        operators: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

async fn update_operator(
    context: Context,
    request: UpdateOperatorRequest,
) -> Result<proto::Operator> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let operator = violations.required("operator", request.operator)?;
    let id = violations.id("operator.id", &operator.id);
    let fields = [
        ("name", !operator.name.is_empty()),
        ("active", operator.active.is_some()),
        ("load_limit", operator.load_limit.is_some()),
        ("window_limit", operator.window_limit.is_some()),
        ("window", operator.window.is_some()),
        ("user_id", !operator.user_id.is_empty()),
    ];
    let elsewhere = [("delete_time", "DeleteOperator")];
    let mask = Mask::parse::<proto::Operator>(
        &mut violations,
        request.update_mask.as_ref(),
        &fields,
        &elsewhere,
    );
    let v = &mut violations;
    let change = OperatorChange {
        name: mask.then("name", || {
            v.required_line("operator.name", &operator.name, MAX_NAME)
        }),
        active: mask.then("active", || operator.active.unwrap_or(true)),
        load_limit: mask.then("load_limit", || {
            limit(v, "operator.load_limit", operator.load_limit)
        }),
        window_limit: mask.then("window_limit", || {
            limit(v, "operator.window_limit", operator.window_limit)
        }),
        window_seconds: mask.then("window", || window_seconds(v, operator.window)),
        user_id: mask.then("user_id", || {
            v.optional_id("operator.user_id", &operator.user_id)
        }),
    };
    violations.finish()?;

    let (change, etag) = (&change, &operator.etag);
    context
        .write(idempotency_key, async |tx| {
            let mut operator = lock(tx, id, etag).await?;
            let change = change.clone().of(&operator);
            if change != OperatorChange::default() {
                context.check_member(tx, change.user_id.flatten()).await?;
                operator = store::update(tx, id, &change).await?;
                tx.record(Change::OperatorUpdated(id));
            }
            answer_one(tx, operator).await
        })
        .await
}

async fn delete_operator(
    context: Context,
    request: DeleteOperatorRequest,
) -> Result<proto::Operator> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;

    let etag = &request.etag;
    context
        .write(idempotency_key, async |tx| {
            // Contacts before operators: whoever is at work on one has finished
            // then. Few can come before the operator is locked, too.
            contacts::store::lock_active(tx, id).await?;
            let operator = lock(tx, id, etag).await?;
            contacts::release_all(tx, &operator).await?;
            sources::store::weights::delete_of_operator(tx, id).await?;
            let operator = store::delete(tx, id).await?;
            tx.record(Change::OperatorDeleted(id));
            answer_one(tx, operator).await
        })
        .await
}

async fn lock(tx: &TenantTx, id: OperatorId, etag: &str) -> Result<Operator> {
    let operator = store::lock(tx, id).await?;
    Error::check_etag(Resource::Operator, id, etag, operator.revision)?;
    Ok(operator)
}

async fn answer_one(tx: &TenantTx, operator: Operator) -> Result<proto::Operator> {
    let operators = std::slice::from_ref(&operator);
    let loads = dispatch::store::window_loads(tx, operators).await?;
    let window_load = loads.get(&operator.id).copied().unwrap_or_default();
    Ok(answer(operator, window_load))
}

fn limit(violations: &mut Violations, field: &str, limit: Option<i32>) -> Option<i32> {
    limit.map(|limit| violations.number(field, limit, &(0..=MAX_LIMIT)))
}

fn window_seconds(violations: &mut Violations, window: Option<prost_types::Duration>) -> i32 {
    let Some(window) = window else {
        return DEFAULT_WINDOW_SECONDS;
    };
    if window.nanos != 0 || !(1..=MAX_WINDOW_SECONDS).contains(&window.seconds) {
        violations.add(
            "operator.window",
            "is not a whole number of seconds up to 31 days",
        );
    }
    i32::try_from(window.seconds).unwrap_or(DEFAULT_WINDOW_SECONDS)
}
