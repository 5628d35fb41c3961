//! What becomes of the contacts of an operator who goes.

use rand::Rng;

use super::store::{
    self, Contact,
    assignments::{self, Assignment, AssignmentKind},
};
use crate::{
    error::{Error, Result},
    ids::{OperatorId, ordered_id_at},
    model::{Change, change::ContactFacts},
    operators::store::Operator,
    platform::db::TenantTx,
};

/// Returns the active contacts of an operator who is locked to the backlog.
pub async fn release_all(tx: &TenantTx, operator: &Operator) -> Result<()> {
    let (before, released) = store::release_unlocked(tx, operator.id).await?;
    if usize::try_from(operator.load).ok() != Some(released.len()) {
        // Somebody is at work on the others: try again when they are done.
        return Err(Error::Conflict);
    }
    #[expect(clippy::disallowed_methods, reason = "where randomness comes in")]
    let history = decisions(&mut rand::rng(), operator.id, &released);
    assignments::insert_all(tx, &history.iter().collect::<Vec<_>>()).await?;
    tx.record(Change::ContactsReleased {
        before: before.iter().map(ContactFacts::from).collect(),
        after: released.iter().map(ContactFacts::from).collect(),
    });
    Ok(())
}

fn decisions(rng: &mut impl Rng, operator_id: OperatorId, released: &[Contact]) -> Vec<Assignment> {
    released
        .iter()
        .enumerate()
        .map(|(number, contact)| {
            let (id, time) = (contact.id, contact.update_time);
            let decision_id = ordered_id_at(rng, time, number);
            Assignment {
                previous_operator_id: Some(operator_id),
                backlog_reason: contact.backlog_reason,
                ..Assignment::new(decision_id, id, AssignmentKind::Released, time)
            }
        })
        .collect()
}
