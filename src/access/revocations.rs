//! Power that was taken in other processes. Each change of an organization's roles and
//! keys is counted in its row; every process looks for new ones all the time and
//! forgets what it remembers of these organizations. That is a hint, so that nobody
//! goes on for long: should it fail, what is remembered gets too old; and what cannot
//! be undone is confirmed anyway (see [`Trust`](super::Trust)).

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{identities::Identities, store};
use crate::platform::db::{Db, Scope};

/// How often to look.
const PAUSE: Duration = Duration::from_millis(400);

/// Forgets whose power was taken, soon after it was, for ever.
pub async fn keep_up(identities: &Identities, db: &Db) {
    let mut known = HashMap::new();
    loop {
        let read = db.read(Scope::AllOrganizations, async |conn| {
            store::revoked(conn).await
        });
        match read.await {
            Ok(found) => {
                let changed: HashSet<_> = found
                    .iter()
                    .filter(|(id, revision)| known.get(*id) != Some(*revision))
                    .map(|(id, _)| *id)
                    .collect();
                if !changed.is_empty() {
                    identities.forget_places(&changed);
                }
                known = found;
            }
            Err(error) => {
                tracing::warn!(error = error.chain(), "what was revoked is noticed later");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
