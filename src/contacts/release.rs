//! What becomes of the contacts of an operator who goes.

use uuid::Uuid;

use super::{
    change::Change,
    store::{
        self,
        assignments::{self, Assignment, AssignmentKind},
    },
    write,
};
use crate::{
    call::Context,
    error::{Error, Result},
    operators::store::Operator,
    platform::{batch::MAX_GROUP, db::Conn},
    statistics,
};

/// Returns the active contacts of an operator who is locked to the backlog.
pub async fn release_all(conn: &Conn, organization_id: Uuid, operator: &Operator) -> Result<()> {
    let (before, released) = store::release_unlocked(conn, organization_id, operator.id).await?;
    if usize::try_from(operator.load).ok() != Some(released.len()) {
        // Somebody is at work on the others: try again when they are done.
        return Err(Error::Conflict);
    }
    let history: Vec<_> = released
        .iter()
        .map(|contact| Assignment {
            previous_operator_id: Some(operator.id),
            backlog_reason: contact.backlog_reason,
            ..Assignment::new(contact.id, AssignmentKind::Released, contact.update_time)
        })
        .collect();
    assignments::insert_all(conn, organization_id, &history.iter().collect::<Vec<_>>()).await?;
    statistics::store::record(conn, organization_id, &before, &released).await
}

/// Gives contacts of operators who are not active any more to others, by a draw each. Those
/// that nobody can take are in the backlog then; what is closed meanwhile is left alone.
pub async fn redraw_all(context: &Context, ids: Vec<Uuid>) -> Result<()> {
    for ids in ids.chunks(MAX_GROUP) {
        let draws: Result<_> = ids.iter().map(|id| Change::draw(context, *id)).collect();
        write::change_all(context, draws?).await?;
    }
    Ok(())
}
