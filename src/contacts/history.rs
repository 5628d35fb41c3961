//! `ListAssignments`: the decisions about who handles a contact.

use crate::{
    context::Context,
    distribution::{self, Pool},
    error::Result,
    page::Pager,
    pick,
    proto::{
        self, AssignmentCandidate, AssignmentExclusion, ListAssignmentsRequest,
        ListAssignmentsResponse,
    },
    rpc::timestamp,
    validate::Violations,
};

use super::store::{
    self,
    assignments::{self, Assignment, AssignmentKind},
};

pub(super) async fn list_assignments(
    context: Context,
    request: ListAssignmentsRequest,
) -> Result<ListAssignmentsResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, organization_id, &request);
    let contact_id = violations.id("contact_id", &request.contact_id);
    violations.finish()?;
    let pager = &pager;
    let (assignments, next_page_token, pools) = context
        .read_stale(async |conn| {
            store::find(conn, organization_id, contact_id).await?;
            let rows = assignments::list(conn, organization_id, contact_id, pager.page).await?;
            let (rows, next_page_token) = pager.finish(rows, |row| row.id);
            let pool_ids: Vec<_> = rows.iter().filter_map(|row| row.pool_id).collect();
            let pools = distribution::store::find_pools(conn, organization_id, &pool_ids).await?;
            Ok((rows, next_page_token, pools))
        })
        .await?;
    let assignments = assignments
        .into_iter()
        .map(|assignment| {
            let pool = assignment.pool_id.and_then(|id| pools.get(&id));
            answer(&assignment, pool)
        })
        .collect();
    Ok(ListAssignmentsResponse {
        assignments,
        next_page_token,
    })
}

fn answer(assignment: &Assignment, pool: Option<&Pool>) -> proto::Assignment {
    let candidates = pool.map_or(&[][..], |pool| &pool.candidates);
    let excluded = pool.map_or(&[][..], |pool| &pool.excluded);
    let total_weight = pick::total_weight(candidates);
    let candidates: Vec<_> = candidates
        .iter()
        .map(|candidate| AssignmentCandidate {
            operator_id: candidate.operator_id.to_string(),
            weight: i32::try_from(candidate.weight).unwrap_or(i32::MAX),
            probability: pick::probability(candidate.weight, total_weight),
        })
        .collect();
    let excluded = excluded
        .iter()
        .map(|excluded| AssignmentExclusion {
            operator_id: excluded.operator_id.to_string(),
            weight: i32::try_from(excluded.weight).unwrap_or(i32::MAX),
            reason: proto::ExclusionReason::from(excluded.reason).into(),
        })
        .collect();
    let operator_id = assignment.operator_id.map(|id| id.to_string());
    let probability = candidates
        .iter()
        .find(|candidate| Some(&candidate.operator_id) == operator_id.as_ref())
        .map(|candidate| candidate.probability);
    proto::Assignment {
        id: assignment.id.to_string(),
        contact_id: assignment.contact_id.to_string(),
        kind: proto::AssignmentKind::from(assignment.kind).into(),
        operator_id,
        previous_operator_id: assignment.previous_operator_id.map(|id| id.to_string()),
        backlog_reason: assignment
            .backlog_reason
            .map(|reason| proto::BacklogReason::from(reason).into())
            .unwrap_or_default(),
        probability,
        candidates,
        excluded,
        draw: assignment.draw.and_then(|draw| u64::try_from(draw).ok()),
        forced: assignment.forced,
        create_time: Some(timestamp(assignment.create_time)),
    }
}

impl From<AssignmentKind> for proto::AssignmentKind {
    fn from(kind: AssignmentKind) -> Self {
        match kind {
            AssignmentKind::Automatic => Self::Automatic,
            AssignmentKind::Manual => Self::Manual,
            AssignmentKind::Reassigned => Self::Reassigned,
            AssignmentKind::Kept => Self::Kept,
            AssignmentKind::Released => Self::Released,
        }
    }
}
