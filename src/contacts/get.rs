//! Contacts that are asked for at the same time are read together.

use std::collections::HashMap;

use tokio::time::Instant;

use super::store::{self, Contact};
use crate::{
    error::{Error, Resource, Result},
    ids::{ContactId, OrganizationId},
    platform::{batch::Job, db::Db},
};

/// A contact that is asked for.
#[derive(Debug)]
pub struct GetContact {
    pub id: ContactId,
}

impl Job for GetContact {
    type Env = Db;
    type Answer = Contact;

    const QUEUE: &'static str = "reads";

    async fn execute(
        db: &Db,
        organization_id: OrganizationId,
        deadline: Instant,
        batch: &[&Self],
    ) -> Result<Vec<Result<Contact>>> {
        let ids: &Vec<_> = &batch.iter().map(|asked| asked.id).collect();
        let found = db
            .until(deadline)
            .read(organization_id, async |tx| {
                let found = store::find_all(tx, ids);
                tx.commit_with(found).await
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
