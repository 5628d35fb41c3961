//! Ranges of `GetDistribution`, which cut hours or do not, beside a recount.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Double, Nullable, Text},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use minicrm::{
    platform::migrations,
    proto::{
        Contact, ContactStatus, DeleteLeadRequest, GetDistributionRequest, GetDistributionResponse,
        ListContactsRequest, SourceBacklog,
    },
};
use prost_types::Timestamp;

use super::distribution;
use crate::support::{App, FOLDING, call, development, new_database, operator};

/// Midnight of a day, in UTC.
const DAY: i64 = 1_772_323_200;

/// Contacts come every seven minutes and a bit from that day on, but after each ten a
/// day later: their ids, too.
const SPREAD: &str = "
    CREATE TEMPORARY TABLE spread AS
    SELECT id, time, (lpad(to_hex(floor(extract(epoch FROM time) * 1000)::bigint), 12, '0')
                      || substr(replace(id::text, '-', ''), 13))::uuid AS new_id
    FROM (SELECT id, to_timestamp(1772323200)
                     + n * interval '7 minutes 1 microsecond' + n / 10 * interval '1 day' AS time
          FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM contacts) AS c) AS c;
    UPDATE assignments AS a SET contact_id = s.new_id FROM spread AS s WHERE a.contact_id = s.id;
    UPDATE contacts AS c SET id = s.new_id, create_time = s.time FROM spread AS s
    WHERE c.id = s.id";

/// What is to be answered, by counting rows.
const RECOUNT: &str = "
    WITH chosen AS (
        SELECT * FROM contacts
        WHERE ($1 = '' OR source_id::text = $1)
          AND ($2 IS NULL OR create_time >= to_timestamp(0) + $2 * interval '1 microsecond')
          AND ($3 IS NULL OR create_time < to_timestamp(0) + $3 * interval '1 microsecond')
    ), counted AS (
        SELECT source_id, operator_id, 1 AS contacts, (status <> 'CLOSED')::integer AS active,
               (operator_id IS NOT NULL AND pool_id IS NULL)::integer::float8 AS expected
        FROM chosen
      UNION ALL
        SELECT d.source_id, (c ->> 'operator_id')::uuid, 0, 0,
               (c ->> 'weight')::float8 / (SELECT sum((a ->> 'weight')::float8)
                                           FROM jsonb_array_elements(p.candidates) AS a)
        FROM chosen AS d JOIN candidate_pools AS p ON p.id = d.pool_id,
             LATERAL jsonb_array_elements(p.candidates) AS c
    )
    SELECT source_id::text, operator_id::text, sum(contacts) AS contacts, sum(active) AS active,
           sum(expected) AS expected
    FROM counted GROUP BY counted.source_id, counted.operator_id
    ORDER BY counted.source_id, counted.operator_id NULLS FIRST";

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    source_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    operator_id: Option<String>,
    #[diesel(sql_type = BigInt)]
    contacts: i64,
    #[diesel(sql_type = BigInt)]
    active: i64,
    #[diesel(sql_type = Double)]
    expected: f64,
}

/// Microseconds of that day, as a bound of a range.
type Bound = Option<i64>;

fn time(bound: Bound) -> Option<Timestamp> {
    bound.map(|micros| Timestamp {
        seconds: DAY + micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap(),
    })
}

fn assert_same(answer: &GetDistributionResponse, recounted: &[Row], about: &str) {
    let without = |row: &&Row| row.operator_id.is_none();
    // Those who have none are in the backlog, or closed: these are a row, too.
    let rows: Vec<_> = recounted
        .iter()
        .map(|row| (row, if without(&row) { row.active } else { 0 }))
        .filter(|(row, waiting)| !without(row) || row.contacts > *waiting)
        .collect();
    assert_eq!(answer.rows.len(), rows.len(), "{about}");
    for (row, (recounted, waiting)) in answer.rows.iter().zip(rows) {
        assert_eq!(
            (&row.source_id, &row.operator_id, row.contacts),
            (
                &recounted.source_id,
                &recounted.operator_id.clone().unwrap_or_default(),
                recounted.contacts - waiting
            ),
            "{about}"
        );
        assert_eq!(row.active_contacts, recounted.active - waiting, "{about}");
        assert!((row.expected - recounted.expected).abs() < 1e-6, "{about}");
    }
    let backlogs: Vec<_> = recounted
        .iter()
        .filter(without)
        .filter(|row| row.active > 0)
        .map(|row| SourceBacklog {
            source_id: row.source_id.clone(),
            contacts: row.active,
        })
        .collect();
    assert_eq!(answer.backlogs, backlogs, "{about}");
}

/// Compares ranges between all of these bounds with a recount, for all sources
/// and for each.
async fn assert_ranges_are_right(app: &App, sources: &[String]) {
    const HOUR: i64 = 3_600_000_000;
    // The first ten contacts are created at every 420,000,001 microseconds.
    let bounds = [
        None,
        Some(-HOUR),
        Some(0),
        Some(1),
        Some(5 * 420_000_001),
        Some(5 * 420_000_001 + 1),
        Some(HOUR),
        Some(2 * HOUR),
        Some(2 * HOUR + HOUR / 2),
        Some(2 * HOUR + HOUR / 2 + 500),
        Some(24 * HOUR),
        Some(26 * HOUR),
        Some(72 * HOUR),
        Some(100 * HOUR),
    ];
    let mut conn = app.database().await;
    for source_id in sources {
        for start in bounds {
            for end in bounds {
                let request = GetDistributionRequest {
                    source_id: source_id.clone(),
                    start_time: time(start),
                    end_time: time(end),
                    ..Default::default()
                };
                let answer = distribution(app, request).await;
                let micros = |bound: Bound| bound.map(|micros| DAY * 1_000_000 + micros);
                let recounted: Vec<Row> = sql_query(RECOUNT)
                    .bind::<Text, _>(source_id)
                    .bind::<Nullable<BigInt>, _>(micros(start))
                    .bind::<Nullable<BigInt>, _>(micros(end))
                    .get_results(&mut conn)
                    .await
                    .unwrap();
                assert_same(
                    &answer,
                    &recounted,
                    &format!("{source_id} {start:?} {end:?}"),
                );
            }
        }
    }
}

/// Mutants: a bound's hour or day taken as a whole, or left out; changes that are not
/// folded left out, or those of hours that are cut counted, too; `end_ids` without the
/// millisecond; ids without exact times; the hour of now and not of the contact.
#[tokio::test]
async fn a_range_is_what_a_recount_finds() {
    let app = App::holding_back(new_database().await, development(), &FOLDING).await;
    let [ann, bob, cem] = ["Ann", "Bob", "Cem"].map(|name| app.operator(operator(name)));
    let (ann, bob, cem) = (ann.await, bob.await, cem.await);
    let bot = app.source("bot", &[(&ann, 1), (&bob, 2), (&cem, 4)]).await;
    let form = app.source("form", &[(&cem, 1)]).await;
    let desk = app.source("desk", &[]).await;
    for n in 0..40 {
        let source = if n % 3 == 0 { &form } else { &bot };
        app.contact(if n % 8 == 0 { &desk } else { source }).await;
    }
    app.fold().await;
    let mut conn = app.database().await;
    conn.batch_execute(SPREAD).await.unwrap();
    // The counts are still those of today.
    assert_ne!(app.verify(true).await, "");
    app.assert_invariants().await;
    let sources = [String::new(), bot.id, form.id, desk.id];
    assert_ranges_are_right(&app, &sources).await;

    let request = ListContactsRequest {
        page_size: 100,
        ..Default::default()
    };
    let contacts: Vec<Contact> = app.list_contacts(request).await;
    for (n, contact) in contacts.iter().enumerate() {
        match n % 6 {
            0 => {
                app.close(contact).await;
                if n % 4 == 0 {
                    let lead = DeleteLeadRequest {
                        id: contact.lead_id.clone(),
                        ..Default::default()
                    };
                    call!(app.leads.delete_lead(lead)).unwrap();
                }
            }
            1 => {
                let reopened = app.close(contact).await;
                let new = ContactStatus::New;
                app.set_status(&reopened, new, false).await.unwrap();
            }
            2 => {
                app.reassign(contact).await.unwrap();
            }
            3 => {
                app.give(contact, &ann, false).await.unwrap();
            }
            4 => {
                let busy = ContactStatus::InProgress;
                app.set_status(contact, busy, false).await.unwrap();
            }
            _ => {}
        }
    }
    app.give(&contacts[5], &cem, false).await.unwrap();
    let closed = app.close(&contacts[5]).await;
    app.delete_operator(&cem).await;
    // Nobody is left to give it back to.
    app.set_status(&closed, ContactStatus::New, true)
        .await
        .unwrap();
    app.assert_invariants().await;
    assert_ranges_are_right(&app, &sources).await;

    // Counted anew by the migration, it is the same.
    for undo in [
        include_str!("../../../migrations/2026-11-23-000009_count_changes/down.sql"),
        include_str!("../../../migrations/2026-11-21-000001_statistics/down.sql"),
    ] {
        conn.batch_execute(undo).await.unwrap();
    }
    let forget = "DELETE FROM __diesel_schema_migrations
                  WHERE version IN ('20261121000001', '20261123000009')";
    conn.batch_execute(forget).await.unwrap();
    migrations::run(&app.database_url).await.unwrap();
    app.assert_invariants().await;
}
