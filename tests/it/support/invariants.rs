//! What must hold whatever happened: checked in the database, behind the wire.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;
use minicrm::verify;

use super::App;

#[derive(Debug, QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    finding: String,
}

#[derive(Debug, QueryableByName)]
struct PendingDeltas {
    #[diesel(sql_type = BigInt)]
    changes: i64,
}

/// Each row of each query is a breach.
const CHECKS: &str = "
    SELECT 'no decision led to the present operator: ' || c.id AS finding
    FROM contacts c
    WHERE c.operator_id IS DISTINCT FROM (SELECT a.operator_id FROM assignments a
        WHERE a.organization_id = c.organization_id AND a.contact_id = c.id
        ORDER BY a.id DESC LIMIT 1)
  UNION ALL
    SELECT 'more given within the window than the limit: ' || a.id
    FROM assignments a
    JOIN operators o ON o.organization_id = a.organization_id AND o.id = a.operator_id
    WHERE o.window_limit IS NOT NULL AND a.kind <> 'KEPT' AND NOT a.forced
      AND o.window_limit < (SELECT count(*) FROM assignments b
        WHERE b.organization_id = a.organization_id AND b.operator_id = a.operator_id
          AND b.kind <> 'KEPT' AND b.create_time <= a.create_time
          AND b.create_time > a.create_time - make_interval(secs => o.window_seconds))
  UNION ALL
    SELECT 'a contact without its source or operator: ' || c.id
    FROM contacts c
    WHERE NOT EXISTS (SELECT FROM sources s
        WHERE s.organization_id = c.organization_id AND s.id = c.source_id)
      OR c.operator_id IS NOT NULL AND NOT EXISTS (SELECT FROM operators o
        WHERE o.organization_id = c.organization_id AND o.id = c.operator_id)
  UNION ALL
    SELECT 'rows of no organization: ' || r.organization_id
    FROM (SELECT organization_id FROM leads UNION SELECT organization_id FROM requests) AS r
    WHERE NOT EXISTS (SELECT FROM organizations o WHERE o.id = r.organization_id)
  UNION ALL
    SELECT 'request without an answer: ' || r.request_id
    FROM requests r
    WHERE r.response IS NULL AND r.method <> 'BatchCreateContacts'
  UNION ALL
    SELECT 'the timeline has a gap: ' || a.deal_id
    FROM activities a
    GROUP BY a.organization_id, a.deal_id HAVING min(a.number) <> 1 OR max(a.number) <> count(*)
  UNION ALL
    SELECT 'the timeline does not begin with the deal: ' || d.id
    FROM deals d
    WHERE NOT EXISTS (SELECT FROM activities a
        WHERE a.organization_id = d.organization_id AND a.deal_id = d.id AND a.number = 1
          AND a.payload ->> 'type' = 'DEAL_CREATED')
  UNION ALL
    SELECT 'the timeline ends with something else: ' || d.id || ' ' || s.said::text
    FROM deals d, LATERAL (
        SELECT DISTINCT ON (a.payload ->> 'type') a.payload
        FROM activities a
        WHERE a.organization_id = d.organization_id AND a.deal_id = d.id
          AND a.payload ->> 'type' LIKE '%CHANGED'
        ORDER BY a.payload ->> 'type', a.number DESC) AS s (said)
    WHERE CASE s.said ->> 'type'
        WHEN 'STATUS_CHANGED' THEN s.said ->> 'new_status' <> d.status
        WHEN 'STAGE_CHANGED' THEN s.said ->> 'new_stage' <> d.stage
        WHEN 'AMOUNT_CHANGED' THEN (s.said ->> 'new_amount')::numeric <> d.amount_thousandths * 0.001
            OR s.said ->> 'new_currency' <> d.currency
        ELSE (s.said ->> 'new_owner_user_id')::uuid IS DISTINCT FROM d.owner_user_id END";

impl App {
    /// Asserts I1 (windows), I5, that every decision is accounted for, that nothing points
    /// nowhere where no foreign key says so, that timelines tell what became of deals, and
    /// that all is counted right.
    pub async fn assert_invariants(&self) {
        let mut conn = self.database().await;
        let findings: Vec<Finding> = sql_query(CHECKS).get_results(&mut conn).await.unwrap();
        let findings: Vec<_> = findings.into_iter().map(|row| row.finding).collect();
        assert_eq!(findings, [""; 0]);
        assert_eq!(self.verify(false).await, "");
    }

    /// How many changes of counts are not folded yet.
    pub async fn unfolded(&self) -> i64 {
        let query = "SELECT count(*) AS changes FROM contact_count_changes";
        let mut conn = self.database().await;
        let left: PendingDeltas = sql_query(query).get_result(&mut conn).await.unwrap();
        left.changes
    }

    /// What is counted wrong, a line each, as `minicrm verify` says it.
    pub async fn verify(&self, repair: bool) -> String {
        let findings = verify::run(&self.database_url, repair).await.unwrap();
        findings.iter().map(ToString::to_string).collect()
    }
}
