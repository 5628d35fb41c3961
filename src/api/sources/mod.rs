//! `SourceService`: a function per method, in the file of its name if not here.

mod change;
mod convert;
mod weights;

use std::sync::Arc;

use tonic::Request;

use self::{
    change::update_source,
    convert::{answer, code, strategy},
    weights::{
        preview_distribution, remove_operator_weight, replace_operator_weights, set_operator_weight,
    },
};
use crate::{
    call::{
        Context, Frame,
        reply::{Rpc, reply},
    },
    dispatch::store::{SourceKeys, lock_operators},
    error::{Error, Resource, Result},
    ids::SourceId,
    model::Change,
    platform::{
        grpc::{
            page::Pager,
            validate::{MAX_NAME, Violations},
        },
        idempotency::IdempotencyKey,
    },
    proto::{
        self, CreateSourceRequest, DeleteSourceRequest, GetSourceRequest, ListSourcesRequest,
        ListSourcesResponse, PreviewDistributionRequest, PreviewDistributionResponse,
        RemoveOperatorWeightRequest, ReplaceOperatorWeightsRequest, SetOperatorWeightRequest,
        UpdateSourceRequest, source_service_server::SourceService,
    },
    sources::{
        MAX_DESCRIPTION, derive_code, insert_with_derived_code,
        store::{self, Filter, NewSource},
    },
};

/// Serves `SourceService`.
pub struct Sources(pub Arc<Frame>);

#[tonic::async_trait]
impl SourceService for Sources {
    async fn create_source(&self, r: Request<CreateSourceRequest>) -> Rpc<proto::Source> {
        reply(&self.0, r, create_source).await
    }

    async fn get_source(&self, r: Request<GetSourceRequest>) -> Rpc<proto::Source> {
        reply(&self.0, r, get_source).await
    }

    async fn list_sources(&self, r: Request<ListSourcesRequest>) -> Rpc<ListSourcesResponse> {
        reply(&self.0, r, list_sources).await
    }

    async fn update_source(&self, r: Request<UpdateSourceRequest>) -> Rpc<proto::Source> {
        reply(&self.0, r, update_source).await
    }

    async fn delete_source(&self, r: Request<DeleteSourceRequest>) -> Rpc<proto::Source> {
        reply(&self.0, r, delete_source).await
    }

    async fn set_operator_weight(
        &self,
        r: Request<SetOperatorWeightRequest>,
    ) -> Rpc<proto::OperatorWeight> {
        reply(&self.0, r, set_operator_weight).await
    }

    async fn remove_operator_weight(&self, r: Request<RemoveOperatorWeightRequest>) -> Rpc<()> {
        reply(&self.0, r, remove_operator_weight).await
    }

    async fn replace_operator_weights(
        &self,
        r: Request<ReplaceOperatorWeightsRequest>,
    ) -> Rpc<proto::Source> {
        reply(&self.0, r, replace_operator_weights).await
    }

    async fn preview_distribution(
        &self,
        r: Request<PreviewDistributionRequest>,
    ) -> Rpc<PreviewDistributionResponse> {
        reply(&self.0, r, preview_distribution).await
    }
}

async fn create_source(context: Context, request: CreateSourceRequest) -> Result<proto::Source> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let source = violations.required("source", request.source)?;
    let name = violations.required_line("source.name", &source.name, MAX_NAME);
    let given_code = Some(&source.code).filter(|code| !code.is_empty());
    let given_code = given_code.map(|given| code(&mut violations, "source.code", given));
    let description = violations.lines("source.description", &source.description, MAX_DESCRIPTION);
    let strategy = strategy(&mut violations, source.strategy);
    violations.finish()?;
    let id = SourceId::generate();
    let new_source = |code: String| NewSource {
        id,
        code,
        name: name.clone(),
        description: description.clone(),
        active: source.active.unwrap_or(true),
        strategy,
    };
    let (given_code, name, new_source) = (&given_code, &name, &new_source);
    context
        .write(idempotency_key, async |tx| {
            let source = match given_code {
                Some(code) => match store::insert(tx, &new_source(code.clone())).await? {
                    Some(source) => source,
                    None => return Err(store::taken(tx, code).await?),
                },
                None => insert_with_derived_code(tx, &derive_code(name), new_source).await?,
            };
            tx.record(Change::SourceCreated(source.id));
            Ok(answer(source, Vec::new()))
        })
        .await
}

async fn get_source(context: Context, request: GetSourceRequest) -> Result<proto::Source> {
    let mut violations = Violations::new();
    let id = violations.id("id", &request.id);
    violations.finish()?;
    context
        .read(async |tx| {
            let source = store::find(tx, id).await?;
            let weights = store::weights::list(tx, &[id]).await?;
            Ok(answer(source, weights))
        })
        .await
}

async fn list_sources(
    context: Context,
    request: ListSourcesRequest,
) -> Result<ListSourcesResponse> {
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, context.organization_id, &request);
    let given_code = Some(&request.code).filter(|code| !code.is_empty());
    let filter = Filter {
        active: request.active,
        deleted: request.show_deleted,
        code: given_code.map(|given| code(&mut violations, "code", given)),
    };
    violations.finish()?;
    let (filter, page) = (&filter, pager.page);
    let sources = context
        .read_stale(async |tx| store::list(tx, filter, page).await)
        .await?;
    let answer = |source| answer(source, Vec::new());
    let page = pager.finish(sources, |source| source.id, answer);
    Ok(ListSourcesResponse {
        sources: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

async fn delete_source(context: Context, request: DeleteSourceRequest) -> Result<proto::Source> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;

    let etag = &request.etag;
    context
        .write(idempotency_key, async |tx| {
            let source = store::lock(tx, id).await?;
            Error::check_etag(Resource::Source, id, etag, source.revision)?;
            // Waits for those who are giving out its contacts.
            lock_operators(tx, &SourceKeys::id(id), &[]).await?;
            store::weights::delete_except(tx, id, &[]).await?;
            let source = store::delete(tx, id).await?;
            tx.record(Change::SourceDeleted(id));
            Ok(answer(source, Vec::new()))
        })
        .await
}
