//! What must hold after each fault, by the history and by the database.

use std::collections::HashMap;

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;
use minicrm::proto::GetDistributionRequest;
use tonic::Code;

use crate::{
    TRAFFIC,
    load::{History, Told},
    support::{App, call},
};

#[derive(QueryableByName)]
struct Contact {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    message: String,
}

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    finding: String,
}

/// Each row is a breach: no limit is ever lowered here, and two operators have none.
const BREACHES: &str = "
    SELECT 'over the limit: ' || o.id AS finding FROM operators o WHERE o.load > o.load_limit
  UNION ALL
    SELECT 'over the limit: ' || o.id FROM operators o
    WHERE o.load_limit < (SELECT count(*) FROM contacts c
        WHERE c.organization_id = o.organization_id AND c.operator_id = o.id
          AND c.status <> 'CLOSED')
  UNION ALL
    SELECT 'waits while somebody has room: ' || c.id FROM contacts c WHERE c.operator_id IS NULL
  UNION ALL
    SELECT 'two leads for one identifier: ' || l.external_id FROM leads l
    GROUP BY l.external_id HAVING count(*) > 1";

/// With two degrees of freedom it is greater once in a million times.
const CHI_SQUARE: f64 = 27.6;

impl History {
    /// How many contacts were acknowledged.
    pub fn acknowledged(&self) -> usize {
        let known = self.told.iter().filter(|told| told.contact.is_some());
        known.count()
    }

    /// Asserts that all is as it was told, and that there was enough of it.
    pub async fn assert_kept(&self, app: &App) {
        assert!(
            self.acknowledged() >= 2 * TRAFFIC,
            "void: too little traffic"
        );
        assert_eq!(self.breaches(app).await, [""; 0]);
        assert_fair(app).await;
        app.assert_invariants().await;
    }

    /// Asserts that the server never lost its countenance: it is not its fault.
    pub fn assert_said(&self, codes: &[Code]) {
        let known = |code: &i32| codes.iter().any(|known| i32::from(*known) == *code);
        for code in self.refusals.keys().flatten() {
            assert!(known(code), "{:?}", self.refusals);
        }
    }

    /// What is not as it was told, or never should be.
    pub async fn breaches(&self, app: &App) -> Vec<String> {
        let mut conn = app.database().await;
        let query = "SELECT id::text, message FROM contacts";
        let contacts: Vec<Contact> = sql_query(query).get_results(&mut conn).await.unwrap();
        let mut made: HashMap<_, Vec<_>> = HashMap::new();
        for contact in contacts {
            made.entry(contact.message).or_default().push(contact.id);
        }
        let mut breaches = Vec::new();
        for Told { request, contact } in &self.told {
            let made = made.remove(request).unwrap_or_default();
            match contact {
                Some(id) if made.contains(id) => {}
                Some(_) => breaches.push(format!("lost: {request}")),
                None => {}
            }
            if made.len() > 1 {
                breaches.push(format!("twice: {request}"));
            }
        }
        breaches.extend(made.keys().map(|text| format!("nobody asked for: {text}")));
        let findings: Vec<Finding> = sql_query(BREACHES).get_results(&mut conn).await.unwrap();
        breaches.extend(findings.into_iter().map(|row| row.finding));
        breaches
    }
}

/// Asserts that shares follow the chances that operators had.
async fn assert_fair(app: &App) {
    let request = GetDistributionRequest::default();
    let rows = call!(app.analytics.get_distribution(request)).unwrap().rows;
    let chi_square: f64 = rows
        .iter()
        .map(|row| {
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let difference = row.contacts as f64 - row.expected;
            difference * difference / row.expected
        })
        .sum();
    assert!(chi_square < CHI_SQUARE, "chi-square {chi_square}");
}
