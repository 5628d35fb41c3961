//! `ExportLead` and `EraseLead`.

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;
use minicrm::proto::{
    BatchCreateContactsRequest, CreateDealRequest, CreateTaskRequest, Deal, EraseLeadRequest,
    ExportLeadRequest, GetOverviewRequest, LeadIdentity, Task, UpdateLeadRequest,
};
use tonic::Code;
use uuid::Uuid;

use super::lead;
use crate::support::{App, assert_error, assert_invalid, call, contact, external, request_id};

/// What is personal in this test: in names and texts, and as a number.
const MARKS: [&str; 2] = ["xyzzy", "49301234567"];

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The tables that hold something personal, as text or in bytes.
async fn personal(app: &App) -> Vec<String> {
    let tables = sql_query(
        "SELECT relname::text AS name FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
    );
    let tables: Vec<Table> = tables.get_results(&mut app.database().await).await.unwrap();
    let mut found = Vec::new();
    for Table { name } in tables {
        for mark in MARKS {
            let hex: Vec<_> = mark.bytes().map(|byte| format!("{byte:02x}")).collect();
            let hex = hex.concat();
            let rows = format!(
                "SELECT FROM {name} AS t
                 WHERE strpos(lower(t::text), '{mark}') > 0 OR strpos(t::text, '{hex}') > 0"
            );
            if app.count(&rows).await > 0 {
                found.push(name.clone());
            }
        }
    }
    found.dedup();
    found
}

fn person() -> LeadIdentity {
    LeadIdentity {
        phone: "+49301234567".to_owned(),
        email: "xyzzy@example.com".to_owned(),
        name: "Xyzzy".to_owned(),
        ..external("chat-xyzzy")
    }
}

/// Mutant: answers that are a moment older than the lead, by the clock, are kept.
#[tokio::test]
async fn a_person_is_shown_and_forgotten() {
    let app = App::start().await;
    let source = app.source("bot", &[]).await;
    let mut intake = contact(&source, person());
    intake.message = "xyzzy?".to_owned();
    intake.request_id = request_id();
    let taken_in = app.create_contact(intake.clone()).await.unwrap();
    let (first, asker) = (taken_in.contact.unwrap(), taken_in.lead.unwrap());
    let batch = BatchCreateContactsRequest {
        requests: vec![contact(&source, person()), contact(&source, external("b"))],
        request_id: request_id(),
    };
    call!(app.contacts.batch_create_contacts(batch)).unwrap();
    let update = UpdateLeadRequest {
        lead: Some(minicrm::proto::Lead {
            id: asker.id.clone(),
            ..lead("", "", "", "Xyzzy the second")
        }),
        request_id: request_id(),
        ..Default::default()
    };
    call!(app.leads.update_lead(update)).unwrap();
    let request = CreateDealRequest {
        deal: Some(Deal {
            contact_id: first.id.clone(),
            title: "For xyzzy".to_owned(),
            amount: "5".to_owned(),
            ..Deal::default()
        }),
        request_id: request_id(),
    };
    let deal = call!(app.deals.create_deal(request)).unwrap();
    let task = CreateTaskRequest {
        task: Some(Task {
            deal_id: deal.id.clone(),
            title: "Call xyzzy".to_owned(),
            description: "xyzzy".to_owned(),
            ..Task::default()
        }),
        request_id: request_id(),
    };
    let task = call!(app.tasks.create_task(task)).unwrap();
    app.comment(&deal, "Xyzzy is nice.").await.unwrap();

    let id = asker.id.clone();
    let export = ExportLeadRequest {
        id: id.clone(),
        ..Default::default()
    };
    let exported = call!(app.leads.export_lead(export.clone())).unwrap();
    assert_eq!(exported.lead, Some(app.get_lead(&id).await));
    assert_eq!(exported.contacts.len(), 2);
    assert_eq!(exported.deals, std::slice::from_ref(&deal));
    assert_eq!(exported.tasks, [task]);
    assert_eq!(exported.activities, app.timeline(&deal).await);
    assert!(!exported.truncated);
    let holding = [
        "activities",
        "contacts",
        "deals",
        "leads",
        "requests",
        "tasks",
    ];
    assert_eq!(personal(&app).await, holding);

    let overview = || async { call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap() };
    let counted = overview().await;
    let mut erase = EraseLeadRequest {
        id: id.clone(),
        etag: asker.etag,
        request_id: request_id(),
    };
    let stale = call!(app.leads.erase_lead(erase.clone()));
    assert_error(stale, Code::Aborted, "ETAG_MISMATCH");
    erase.etag.clear();
    let erased = call!(app.leads.erase_lead(erase.clone())).unwrap();
    assert_eq!(personal(&app).await, [""; 0]);
    assert_eq!(overview().await, counted);
    assert_eq!(call!(app.leads.erase_lead(erase)).unwrap(), erased);
    assert_eq!(app.get_lead(&id).await, erased);
    assert_eq!((&*erased.name, &*erased.email), ("", ""));
    let left = call!(app.leads.export_lead(export)).unwrap();
    assert_eq!(left.contacts.len(), 2);
    assert_eq!(left.activities.len(), exported.activities.len());
    assert_eq!(
        (&*left.deals[0].amount, &*left.deals[0].title),
        ("5.00", "Erased")
    );
    // What was asked is not done again, and whoever comes again is somebody new.
    let again = app.create_contact(intake).await;
    assert_error(again, Code::FailedPrecondition, "RESULT_ERASED");
    assert_eq!(overview().await, counted);
    let anew = app.create_contact(contact(&source, person())).await;
    assert!(anew.unwrap().lead_created);
    app.assert_invariants().await;
}

#[tokio::test]
async fn nobody_is_shown_or_forgotten_who_is_not_there() {
    let app = App::start().await;
    for (id, unknown) in [("7".to_owned(), false), (Uuid::now_v7().to_string(), true)] {
        let export = ExportLeadRequest {
            id: id.clone(),
            ..Default::default()
        };
        let erase = EraseLeadRequest {
            id,
            ..Default::default()
        };
        let exported = call!(app.leads.export_lead(export)).map(drop);
        let erased = call!(app.leads.erase_lead(erase)).map(drop);
        for outcome in [exported, erased] {
            if unknown {
                assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
            } else {
                assert_invalid(outcome, &["id"]);
            }
        }
    }
}
