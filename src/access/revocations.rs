//! Power that was taken in other processes. Each change of an organization's roles and
//! keys is counted in its row; every process looks for new ones all the time and
//! forgets what it remembers of these organizations. That is a hint, so that nobody
//! goes on for long: should it fail, what is remembered gets too old; and what cannot
//! be undone is confirmed anyway (see [`Trust`](super::Trust)).

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{identities::Identities, store};
use crate::{
    ids::OrganizationId,
    platform::{
        background::{Outcome, Report, Schedule, Task},
        db::{AllOrganizations, Db},
    },
};

/// How often to look.
const PAUSE: Duration = Duration::from_millis(400);

/// Forgets whose power was taken in another process, soon after it was.
pub struct NoticeRevocations {
    db: Db,
    identities: Arc<Identities>,
    /// How often the power of somebody was taken, by organization, when it was last read.
    known: Mutex<HashMap<OrganizationId, i64>>,
}

impl NoticeRevocations {
    /// For this cache of identities.
    pub fn new(db: Db, identities: Arc<Identities>) -> Self {
        Self {
            db,
            identities,
            known: Mutex::default(),
        }
    }
}

impl Task for NoticeRevocations {
    const NAME: &'static str = "notice_revocations";

    fn schedule(&self) -> Schedule {
        Schedule::every(PAUSE)
    }

    async fn run_once(&self) -> Outcome {
        let found = self
            .db
            .read(AllOrganizations, async |conn| store::revoked(conn).await)
            .await?;
        let known = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            mem::replace(&mut *known, found.clone())
        };
        let changed: HashSet<_> = found
            .iter()
            .filter(|(id, revision)| known.get(*id) != Some(*revision))
            .map(|(id, _)| *id)
            .collect();
        if !changed.is_empty() {
            self.identities.forget_places(&changed);
        }
        Ok(Report::of(changed.len()))
    }
}
