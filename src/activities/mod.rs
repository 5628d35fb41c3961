//! Activities: the timeline of a deal. Whoever writes on it has locked the deal,
//! so its numbers are the order of what happened.

pub mod store;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What happened to a deal, as it is kept. Statuses, stages and amounts are the
/// texts of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Payload {
    /// Somebody wrote something.
    Comment { text: String },
    /// The deal was created, perhaps from a contact.
    DealCreated { contact_id: Option<Uuid> },
    /// Its status changed.
    StatusChanged {
        old_status: String,
        new_status: String,
    },
    /// Its stage changed.
    StageChanged {
        old_stage: String,
        new_stage: String,
    },
    /// Its amount or currency changed.
    AmountChanged {
        old_amount: String,
        old_currency: String,
        new_amount: String,
        new_currency: String,
    },
    /// Its owner changed.
    OwnerChanged {
        old_owner_user_id: Option<Uuid>,
        new_owner_user_id: Option<Uuid>,
    },
    /// A task was created.
    TaskCreated { task_id: Uuid, title: String },
    /// A task was done.
    TaskCompleted { task_id: Uuid, title: String },
    /// A task turned out not to be done.
    TaskReopened { task_id: Uuid, title: String },
}
