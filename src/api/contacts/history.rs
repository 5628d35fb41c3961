//! `ListAssignments`: the decisions about who handles a contact.

use crate::{
    call::Context,
    contacts::store::{
        self,
        assignments::{self, Assignment},
    },
    dispatch::{self, Pool, Shares},
    error::Result,
    ids::AssignmentId,
    platform::{
        db::TenantTx,
        grpc::{
            convert::timestamp,
            page::{Found, Pager, Room},
            validate::Violations,
        },
    },
    proto::{
        self, AssignmentCandidate, AssignmentExclusion, ListAssignmentsRequest,
        ListAssignmentsResponse,
    },
};

pub async fn list_assignments(
    context: Context,
    request: ListAssignmentsRequest,
) -> Result<ListAssignmentsResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, organization_id, &request);
    let contact_id = violations.id("contact_id", &request.contact_id);
    violations.finish()?;
    let page = pager.page;
    let found = context
        .read_stale(async |tx| {
            store::find(tx, contact_id).await?;
            let found = assignments::list(tx, contact_id, page).await?;
            with_pools(tx, found).await
        })
        .await?;
    let page = pager.finish(found, |(id, _)| *id, |(_, assignment)| assignment);
    Ok(ListAssignmentsResponse {
        assignments: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

/// The decisions, with the pools they were made from: those that an answer has room
/// for, and one that it has not. A pool may be long, so few are read at a time.
async fn with_pools(
    tx: &TenantTx,
    found: Found<Assignment>,
) -> Result<Found<(AssignmentId, proto::Assignment)>> {
    const AT_A_TIME: usize = 50;
    let (mut rows, mut room) = (Vec::with_capacity(found.rows.len()), Room::default());
    'rows: for part in found.rows.chunks(AT_A_TIME) {
        let pool_ids: Vec<_> = part.iter().filter_map(|row| row.pool_id).collect();
        let pools = dispatch::store::find_pools(tx, &pool_ids).await?;
        for row in part {
            let pool = row.pool_id.and_then(|id| pools.get(&id));
            let assignment = answer(row, pool);
            let fits = room.takes(&assignment);
            rows.push((row.id, assignment));
            if !fits {
                break 'rows;
            }
        }
    }
    Ok(Found {
        rows,
        stopped_at: None,
        total: found.total,
    })
}

fn answer(assignment: &Assignment, recorded: Option<&(Pool, Shares)>) -> proto::Assignment {
    let candidates = recorded.map_or(&[][..], |(pool, _)| &pool.candidates);
    let excluded = recorded.map_or(&[][..], |(pool, _)| &pool.excluded);
    let probabilities = recorded.map(|(_, expected)| expected.probabilities());
    let candidates: Vec<_> = candidates
        .iter()
        .zip(probabilities.unwrap_or_default())
        .map(|(candidate, probability)| AssignmentCandidate {
            operator_id: candidate.operator_id.to_string(),
            weight: i32::try_from(candidate.weight).unwrap_or(i32::MAX),
            probability,
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
