//! Contacts that are asked for at the same time are read together.

use std::collections::HashMap;

use tokio::time::Instant;
use uuid::Uuid;

use super::store::{self, Contact};
use crate::{
    error::{Error, Resource, Result},
    platform::{
        batch::Job,
        db::{Db, Scope},
    },
};

/// A contact that is asked for.
#[derive(Debug)]
pub struct GetContact {
    pub id: Uuid,
}

impl Job for GetContact {
    type Env = Db;
    type Answer = Contact;

    const QUEUE: &'static str = "reads";

    async fn execute(
        db: &Db,
        organization_id: Uuid,
        deadline: Instant,
        batch: &[&Self],
    ) -> Result<Vec<Result<Contact>>> {
        let ids: &Vec<_> = &batch.iter().map(|asked| asked.id).collect();
        let found = db
            .until(deadline)
            .read(Scope::Organization(organization_id), async |transaction| {
                let found = store::find_all(transaction, organization_id, ids);
                transaction.commit_with(found).await
            })
            .await?;
        let found: HashMap<_, _> = found.into_iter().map(|row| (row.id, row)).collect();
        let answers = ids.iter().map(|id| {
            let contact = found.get(id).cloned();
            contact.ok_or_else(|| Error::not_found(Resource::Contact, id))
        });
        Ok(answers.collect())
    }
}
