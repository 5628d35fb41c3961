//! `GetContact`: those that are asked for at the same time are read together.

use std::collections::HashMap;

use uuid::Uuid;

use super::store;
use crate::{
    call::Context,
    error::{Error, Result},
    platform::{
        batch::{self, Job, Queues},
        grpc::validate::Violations,
        idempotency::Owned,
    },
    proto::{self, GetContactRequest},
};

/// A contact that is asked for.
#[derive(Debug)]
pub struct Wanted {
    id: Uuid,
}

impl Job for Wanted {
    type Answer = proto::Contact;

    const QUEUE: &'static str = "reads";

    fn queues(context: &Context) -> &Queues<Self> {
        context.wanted()
    }

    fn claim(&self) -> Option<&Owned> {
        None
    }

    async fn transact(context: &Context, group: &[&Self]) -> Result<Vec<Result<proto::Contact>>> {
        let organization_id = context.organization_id;
        let ids: &Vec<_> = &group.iter().map(|wanted| wanted.id).collect();
        let found = context
            .read(async |transaction| {
                let found = store::find_all(transaction, organization_id, ids);
                transaction.commit_with(found).await
            })
            .await?;
        let found: HashMap<_, _> = found.into_iter().map(|row| (row.id, row)).collect();
        let answers = ids.iter().map(|id| {
            let contact = found.get(id).cloned();
            let missing = || Error::not_found("contact", id);
            contact.map(proto::Contact::from).ok_or_else(missing)
        });
        Ok(answers.collect())
    }
}

pub(super) async fn get_contact(
    context: Context,
    request: GetContactRequest,
) -> Result<proto::Contact> {
    let mut violations = Violations::new();
    let id = violations.id("id", &request.id);
    violations.finish()?;
    batch::run_one(&context, Wanted { id }).await
}
