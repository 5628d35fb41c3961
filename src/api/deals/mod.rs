//! `DealService`: a function per method, in the file of its name if not here.

mod change;
mod convert;
mod create;
mod list;
mod lock;
mod reopen;

use std::sync::Arc;

use tonic::Request;

use self::{
    change::update_deal, create::create_deal, list::list_deals, lock::lock, reopen::reopen_deal,
};
use crate::{
    call::{
        Context, Frame,
        reply::{Rpc, reply},
    },
    deals::{service, store},
    error::Result,
    platform::{grpc::validate::Violations, idempotency::IdempotencyKey},
    proto::{
        self, CreateDealRequest, DeleteDealRequest, GetDealRequest, ListDealsRequest,
        ListDealsResponse, ReopenDealRequest, UpdateDealRequest, deal_service_server::DealService,
    },
};

/// Serves `DealService`.
pub struct Deals(pub Arc<Frame>);

#[tonic::async_trait]
impl DealService for Deals {
    async fn create_deal(&self, r: Request<CreateDealRequest>) -> Rpc<proto::Deal> {
        reply(&self.0, r, create_deal).await
    }

    async fn get_deal(&self, r: Request<GetDealRequest>) -> Rpc<proto::Deal> {
        reply(&self.0, r, get_deal).await
    }

    async fn list_deals(&self, r: Request<ListDealsRequest>) -> Rpc<ListDealsResponse> {
        reply(&self.0, r, list_deals).await
    }

    async fn update_deal(&self, r: Request<UpdateDealRequest>) -> Rpc<proto::Deal> {
        reply(&self.0, r, update_deal).await
    }

    async fn reopen_deal(&self, r: Request<ReopenDealRequest>) -> Rpc<proto::Deal> {
        reply(&self.0, r, reopen_deal).await
    }

    async fn delete_deal(&self, r: Request<DeleteDealRequest>) -> Rpc<()> {
        reply(&self.0, r, delete_deal).await
    }
}

async fn get_deal(context: Context, request: GetDealRequest) -> Result<proto::Deal> {
    let mut violations = Violations::new();
    let id = violations.id("id", &request.id);
    violations.finish()?;
    context
        .read(async |tx| Ok(store::find(tx, id).await?.into()))
        .await
}

async fn delete_deal(context: Context, request: DeleteDealRequest) -> Result<()> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;
    let (context, etag) = (&context, &request.etag);
    context
        .write(idempotency_key, async |tx| {
            let deal = lock(context, tx, id, etag).await?;
            service::delete(tx, &deal).await
        })
        .await
}
