//! `ListContacts`: every combination of filters, page by page, beside what a
//! plain search of all contacts finds.

use minicrm::{
    call::DEVELOPMENT_ORGANIZATION,
    proto::{ContactStatus, ListContactsRequest},
};
use prost_types::Timestamp;
use uuid::{Builder, Uuid};

use crate::support::{App, call};

const NEW: ContactStatus = ContactStatus::New;
const BUSY: ContactStatus = ContactStatus::InProgress;
const CLOSED: ContactStatus = ContactStatus::Closed;
/// When the first contact was created, in microseconds.
const START: i64 = 1_790_000_000_000_000;

/// A contact as it is stored: of the lead, source and operator with this number.
struct Stored {
    id: Uuid,
    micros: i64,
    lead: u8,
    source: u8,
    operator: Option<u8>,
    status: ContactStatus,
}

/// The id of the lead, source or operator with this number.
fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

fn time(micros: i64) -> Timestamp {
    Timestamp {
        seconds: micros / 1_000_000,
        nanos: i32::try_from(micros % 1_000_000).unwrap() * 1000,
    }
}

/// Contacts of every kind in no regular order, four of them in each millisecond.
async fn store(app: &App) -> Vec<Stored> {
    let contacts: Vec<_> = (0..96_u8)
        .map(|n| {
            let micros = START + i64::from(n) * 250;
            let millis = u64::try_from(micros / 1000).unwrap();
            let place = [0, n, 0, 0, 0, 0, 0, 0, 0, 0];
            let kind = u32::from(n) * 29 % 96;
            Stored {
                id: Builder::from_unix_timestamp_millis(millis, &place).into_uuid(),
                micros,
                lead: u8::from(kind & 1 > 0),
                source: u8::from(kind & 2 > 0),
                operator: [None, Some(0), Some(1), Some(1)][(kind / 4 % 4) as usize],
                status: [NEW, BUSY, CLOSED, CLOSED, CLOSED, NEW][(kind / 16) as usize],
            }
        })
        .collect();
    let rows: Vec<_> = contacts
        .iter()
        .map(|contact| {
            let text = |text: String| format!("'{text}'");
            let null = || "NULL".to_owned();
            let assigned = contact.operator.is_some();
            let status = contact.status.as_str_name();
            let closed = contact.status == CLOSED;
            [
                text(DEVELOPMENT_ORGANIZATION.to_string()),
                text(contact.id.to_string()),
                text(id(contact.lead).to_string()),
                text(id(contact.source).to_string()),
                contact
                    .operator
                    .map_or_else(null, |operator| text(id(operator).to_string())),
                text(status.trim_start_matches("CONTACT_STATUS_").to_owned()),
                if assigned {
                    null()
                } else {
                    text("NO_OPERATORS".to_owned())
                },
                format!(
                    "'epoch'::timestamptz + interval '{} microseconds'",
                    contact.micros
                ),
                if assigned { "now()".to_owned() } else { null() },
                if closed { "now()".to_owned() } else { null() },
            ]
            .join(", ")
        })
        .collect();
    app.execute(&format!(
        "INSERT INTO leads (organization_id, id)
         VALUES ('{DEVELOPMENT_ORGANIZATION}', '{}'), ('{DEVELOPMENT_ORGANIZATION}', '{}');
         INSERT INTO contacts (organization_id, id, lead_id, source_id, operator_id, status,
             backlog_reason, create_time, assign_time, close_time)
         VALUES ({})",
        id(0),
        id(1),
        rows.join("), (")
    ))
    .await;
    contacts
}

/// The ids of all contacts of a list, walked page by page.
async fn walk(app: &App, mut request: ListContactsRequest) -> Vec<Uuid> {
    let mut walked = Vec::new();
    loop {
        let page = call!(app.contacts.list_contacts(request.clone())).unwrap();
        assert!(page.contacts.len() <= 7);
        let ids = page
            .contacts
            .iter()
            .map(|contact| contact.id.parse::<Uuid>());
        walked.extend(ids.map(Result::unwrap));
        if page.next_page_token.is_empty() {
            return walked;
        }
        assert_eq!(page.contacts.len(), 7);
        request.page_token = page.next_page_token;
    }
}

/// Walks one list in both orders.
async fn check(app: &App, request: ListContactsRequest, mut expected: Vec<Uuid>) {
    let ascending = ListContactsRequest {
        order_by: "create_time asc".to_owned(),
        ..request.clone()
    };
    assert_eq!(
        walk(app, ascending).await,
        expected,
        "{request:?} ascending"
    );
    expected.reverse();
    assert_eq!(walk(app, request.clone()).await, expected, "{request:?}");
}

/// Mutants: a status asked for twice gives its contacts twice; ids bounded by the
/// millisecond of a time and not its end; times left to the bounds of the ids.
#[tokio::test(flavor = "multi_thread")]
async fn every_combination_of_filters_finds_what_there_is() {
    let app = App::start().await;
    let stored = store(&app).await;
    let numbers = [None, Some(0), Some(1)];
    let statuses: [&[ContactStatus]; 4] =
        [&[], &[NEW], &[CLOSED, BUSY, CLOSED], &[NEW, BUSY, CLOSED]];
    // In the middle of a millisecond, at its beginning, and after all.
    let (middle, start, end) = (START + 5_500, START + 15_000, START + 1_000_000);
    let ranges = [
        (None, None),
        (Some(middle), None),
        (None, Some(middle)),
        (Some(middle), Some(start)),
        (Some(start), Some(end)),
        (Some(middle + 1), Some(start + 1)),
    ];
    for (lead, source) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 2)] {
        let (lead, source): (Option<u8>, Option<u8>) = (numbers[lead], numbers[source]);
        for (operator, unassigned) in [
            (None, false),
            (Some(0), false),
            (Some(1), false),
            (None, true),
        ] {
            for statuses in statuses {
                for (after, before) in ranges {
                    let text = |number: Option<u8>| number.map(|n| id(n).to_string());
                    let request = ListContactsRequest {
                        page_size: 7,
                        lead_id: text(lead).unwrap_or_default(),
                        source_id: text(source).unwrap_or_default(),
                        operator_id: text(operator).unwrap_or_default(),
                        unassigned,
                        statuses: statuses.iter().map(|&status| status.into()).collect(),
                        create_time_after: after.map(time),
                        create_time_before: before.map(time),
                        ..Default::default()
                    };
                    let expected = stored
                        .iter()
                        .filter(|contact| {
                            lead.is_none_or(|lead| lead == contact.lead)
                                && source.is_none_or(|source| source == contact.source)
                                && (operator.is_none() || operator == contact.operator)
                                && (!unassigned
                                    || contact.operator.is_none()
                                        && contact.status != ContactStatus::Closed)
                                && (statuses.is_empty() || statuses.contains(&contact.status))
                                && after.is_none_or(|after| contact.micros >= after)
                                && before.is_none_or(|before| contact.micros < before)
                        })
                        .map(|contact| contact.id);
                    check(&app, request, expected.collect()).await;
                }
            }
        }
    }
}
