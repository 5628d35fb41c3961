//! Leads: the people and companies who ask.
//!
//! An identifier (`external_id`, `phone`, `email`) belongs to at most one lead
//! of an organization. A lead is really deleted, with its closed contacts, and
//! not while it has active ones.

pub mod resolve;
pub mod store;

use std::time::Duration;

use crate::{
    error::Result,
    platform::db::{Db, Scope},
};

/// How often new texts are sorted into the index that searches use.
const INDEX_INTERVAL: Duration = Duration::from_millis(500);

/// Sorts new texts into the index that searches use, every now and then, for
/// ever. They are found before, too, but that takes longer the more they are.
pub async fn keep_indexed(db: &Db) {
    loop {
        if let Err(error) = index_new_texts(db).await {
            tracing::debug!(error = error.chain(), "new texts are left to intake");
        }
        tokio::time::sleep(INDEX_INTERVAL).await;
    }
}

async fn index_new_texts(db: &Db) -> Result<()> {
    db.transaction(Scope::None, async |conn| store::index_new_texts(conn).await)
        .await
}

/// What is known of a lead, checked and normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub external_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub name: String,
}
