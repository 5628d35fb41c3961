//! `ActivityService`.

mod convert;

use std::sync::Arc;

use tonic::Request;

use crate::{
    activities::{
        Payload,
        store::{self, Entry},
    },
    call::{
        Context, Frame,
        reply::{Rpc, reply},
    },
    deals,
    error::{Error, Result},
    model::Change,
    platform::{
        grpc::{
            page::Pager,
            validate::{MAX_MESSAGE, Violations},
        },
        idempotency::IdempotencyKey,
    },
    proto::{
        self, CreateCommentRequest, ListActivitiesRequest, ListActivitiesResponse,
        activity_service_server::ActivityService,
    },
    tasks,
};

/// Serves `ActivityService`.
pub struct Activities(pub Arc<Frame>);

#[tonic::async_trait]
impl ActivityService for Activities {
    async fn list_activities(
        &self,
        r: Request<ListActivitiesRequest>,
    ) -> Rpc<ListActivitiesResponse> {
        reply(&self.0, r, list_activities).await
    }

    async fn create_comment(&self, r: Request<CreateCommentRequest>) -> Rpc<proto::Activity> {
        reply(&self.0, r, create_comment).await
    }
}

async fn list_activities(
    context: Context,
    request: ListActivitiesRequest,
) -> Result<ListActivitiesResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, organization_id, &request);
    let deal_id = violations.id("deal_id", &request.deal_id);
    violations.finish()?;
    let page = pager.page;
    let activities = context
        .read_stale(async |tx| {
            deals::store::find(tx, deal_id).await?;
            store::list(tx, deal_id, page).await
        })
        .await?;
    let page = pager.finish(activities, |a| (a.number, a.id), proto::Activity::from);
    Ok(ListActivitiesResponse {
        activities: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

async fn create_comment(
    context: Context,
    request: CreateCommentRequest,
) -> Result<proto::Activity> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let deal_id = violations.id("deal_id", &request.deal_id);
    let text = violations.lines("text", &request.text, MAX_MESSAGE);
    if text.trim().is_empty() {
        violations.add("text", "is required");
    }
    violations.finish()?;
    let (context, payload) = (&context, &Payload::Comment { text });
    context
        .write(idempotency_key, async |tx| {
            let deal = deals::store::lock(tx, deal_id).await?;
            if let Some(user_id) = context.restricted_to_user()
                && !tasks::store::is_assignee(tx, deal_id, user_id).await?
            {
                context.check_own(deal.owner_user_id)?;
            }
            let comment = Entry {
                deal_id,
                author_user_id: context.identity.user_id(),
                payload: payload.clone(),
            };
            let written = store::write_entries(tx, &[comment]).await?.pop();
            let written = written.ok_or_else(|| Error::internal("a comment was not written"))?;
            tx.record(Change::CommentWritten(deal_id));
            Ok(written.into())
        })
        .await
}
