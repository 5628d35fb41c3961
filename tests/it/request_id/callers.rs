//! A claim is its caller's, what others have kept is not given, and what has been erased
//! is not given any more.

use minicrm::proto::{
    ApiKeyAccess, BatchCreateContactsRequest, CreateContactRequest, CreateLeadRequest,
    DeleteLeadRequest, EraseLeadRequest, Lead, ListContactsRequest, ListLeadsRequest, Role,
    SetContactStatusRequest, Source, UpdateLeadRequest, batch_create_contacts_result,
};
use tonic::Code;

use crate::support::{App, assert_error, call, contact, external, request_id};

/// An organization as several callers see it: its owner, an admin, and two keys.
async fn callers() -> Vec<App> {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let bob = anns.member("bob@example.com", Role::Admin).await;
    let one = anns.key(ApiKeyAccess::Manager).await;
    let other = anns.key(ApiKeyAccess::Manager).await;
    let services = [one, other].map(|key| app.with(&key.secret, ""));
    [vec![anns.clone(), app.of(&bob, &acme)], services.to_vec()].concat()
}

fn named(name: &str, request_id: &str) -> CreateLeadRequest {
    CreateLeadRequest {
        lead: Some(Lead {
            name: name.to_owned(),
            ..Lead::default()
        }),
        request_id: request_id.to_owned(),
    }
}

fn intake(source: &Source, request_id: &str) -> CreateContactRequest {
    CreateContactRequest {
        request_id: request_id.to_owned(),
        ..contact(source, external("lead"))
    }
}

/// How many rows of answers the version before finds under this id.
async fn found_by(app: &App, request_id: &str) -> i64 {
    let query = format!("SELECT FROM requests WHERE request_id = '{request_id}'");
    app.count(&query).await
}

/// Mutant: `Rows::became` that takes the first row, whosever it is.
#[tokio::test]
async fn each_caller_has_ids_of_their_own() {
    let callers = callers().await;
    let source = callers[0].source("bot", &[]).await;
    let id = request_id();
    for (number, app) in callers.iter().enumerate() {
        // The same request, and another: neither is a repetition of somebody else's.
        let contacts = || async { app.create_contact(intake(&source, &id)).await.unwrap() };
        let lead = || async {
            let name = if number < 2 { "Same" } else { "Other" };
            call!(app.leads.create_lead(named(name, &id))).unwrap()
        };
        let (contact, lead_one) = (contacts().await, lead().await);
        assert_eq!((contacts().await, lead().await), (contact, lead_one));
        let reused = call!(app.leads.create_lead(named("Third", &id)));
        assert_error(reused, Code::InvalidArgument, "REQUEST_ID_REUSED");
    }
    let app = &callers[0];
    let all = app.list_contacts(ListContactsRequest::default()).await;
    assert_eq!(all.len(), callers.len());
    let leads = call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    assert_eq!(leads.leads.len(), callers.len() + 1);
    // One of each method is where the version before looks.
    assert_eq!(found_by(app, &id).await, 2);

    let batch = BatchCreateContactsRequest {
        requests: vec![contact(&source, external("lead")); 2],
        request_id: id,
    };
    for app in &callers {
        let first = call!(app.contacts.batch_create_contacts(batch.clone())).unwrap();
        let again = call!(app.contacts.batch_create_contacts(batch.clone())).unwrap();
        assert_eq!(first, again);
    }
    let all = app.list_contacts(ListContactsRequest::default()).await;
    assert_eq!(all.len(), 3 * callers.len());
    app.assert_invariants().await;
}

/// Whose place the version before looks at may have grown old and be gone.
/// Mutant: `Rows::became` that looks at the second row only if there is a first.
#[tokio::test]
async fn a_claim_is_found_when_the_first_callers_is_gone() {
    let callers = callers().await;
    let source = callers[0].source("bot", &[]).await;
    let id = request_id();
    let mut answers = Vec::new();
    for app in &callers[..2] {
        answers.push(app.create_contact(intake(&source, &id)).await.unwrap());
    }
    let gone = format!("DELETE FROM requests WHERE request_id = '{id}'");
    callers[0].execute(&gone).await;
    let again = callers[1].create_contact(intake(&source, &id)).await;
    assert_eq!(again.unwrap(), answers[1]);
}

/// Old and new processes run side by side: what one has done the other does not do again.
/// Mutants: rows without a claim are nobody's; the first caller's row is not kept under
/// the id that was sent.
#[tokio::test]
async fn a_repetition_that_meets_another_version_is_not_done_twice() {
    let callers = callers().await;
    let app = &callers[0];
    let source = app.source("bot", &[]).await;
    let id = request_id();
    let first = app.create_contact(intake(&source, &id)).await.unwrap();
    let lead = call!(app.leads.create_lead(named("Ann", &id))).unwrap();
    let batch = BatchCreateContactsRequest {
        requests: vec![contact(&source, external("other"))],
        request_id: id.clone(),
    };
    let taken_in = call!(app.contacts.batch_create_contacts(batch.clone())).unwrap();

    // The version before finds them by what it knows, and takes its turn after them.
    let claimed = "INSERT INTO requests (organization_id, method, request_id, fingerprint)
        SELECT organization_id, method, request_id, fingerprint FROM requests
        ON CONFLICT DO NOTHING";
    let before = app.count("SELECT FROM requests").await;
    app.execute(claimed).await;
    assert_eq!(app.count("SELECT FROM requests").await, before);
    assert_eq!(found_by(app, &id).await, 3);

    // What it has written itself says nothing of the caller.
    app.execute("UPDATE requests SET claim_id = NULL").await;
    let again = app.create_contact(intake(&source, &id)).await;
    assert_eq!(again.unwrap(), first);
    assert_eq!(
        call!(app.leads.create_lead(named("Ann", &id))).unwrap(),
        lead
    );
    let reused = call!(app.leads.create_lead(named("Bob", &id)));
    assert_error(reused, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let again = call!(app.contacts.batch_create_contacts(batch)).unwrap();
    assert_eq!(again, taken_in);
    let all = app.list_contacts(ListContactsRequest::default()).await;
    assert_eq!(all.len(), 2);
    app.assert_invariants().await;
}

/// Mutant: `request_id::decode` without the check.
#[tokio::test]
async fn what_has_been_erased_is_not_answered_again() {
    let app = App::start().await;
    let source = app.source("bot", &[]).await;
    for erase in [true, false] {
        let intake = intake(&source, &request_id());
        let taken_in = app.create_contact(intake.clone()).await.unwrap();
        let (contact, lead) = (taken_in.contact.unwrap(), taken_in.lead.unwrap());
        let close = SetContactStatusRequest {
            id: contact.id.clone(),
            status: minicrm::proto::ContactStatus::Closed.into(),
            request_id: request_id(),
            ..Default::default()
        };
        call!(app.contacts.set_contact_status(close.clone())).unwrap();
        let update = UpdateLeadRequest {
            lead: Some(Lead {
                id: lead.id.clone(),
                name: "Ann".to_owned(),
                ..Lead::default()
            }),
            request_id: request_id(),
            ..Default::default()
        };
        call!(app.leads.update_lead(update.clone())).unwrap();
        let batch = BatchCreateContactsRequest {
            requests: vec![intake.clone()],
            ..Default::default()
        };
        let (erased, deleted) = (
            EraseLeadRequest {
                id: lead.id.clone(),
                request_id: request_id(),
                ..Default::default()
            },
            DeleteLeadRequest {
                id: lead.id.clone(),
                request_id: request_id(),
                ..Default::default()
            },
        );
        for _ in 0..2 {
            if erase {
                call!(app.leads.erase_lead(erased.clone())).unwrap();
            } else {
                // An answer that says nothing is none that was erased.
                call!(app.leads.delete_lead(deleted.clone())).unwrap();
            }
        }
        let contacts = app.list_contacts(ListContactsRequest::default()).await;
        for _ in 0..2 {
            let reason = "RESULT_ERASED";
            let again = app.create_contact(intake.clone()).await;
            assert_error(again, Code::FailedPrecondition, reason);
            let again = call!(app.leads.update_lead(update.clone()));
            assert_error(again, Code::FailedPrecondition, reason);
            let again = call!(app.contacts.set_contact_status(close.clone()));
            assert_error(again, Code::FailedPrecondition, reason);
            let again = call!(app.contacts.batch_create_contacts(batch.clone())).unwrap();
            let Some(batch_create_contacts_result::Result::Error(status)) =
                &again.results[0].result
            else {
                panic!("{again:?}")
            };
            assert_eq!(status.code, i32::from(Code::FailedPrecondition));
        }
        let after = app.list_contacts(ListContactsRequest::default()).await;
        assert_eq!(after, contacts);
    }
    app.assert_invariants().await;
}
