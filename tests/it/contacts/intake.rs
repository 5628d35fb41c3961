//! `CreateContact`: the source, the lead and the answer; and `GetContact`,
//! `UpdateContact`.

use minicrm::proto::{
    BacklogReason, Contact, ContactStatus, CreateContactRequest, GetContactRequest, LeadIdentity,
    ListLeadsRequest, Operator, Source, UpdateContactRequest, create_contact_request,
};
use tonic::Code;
use uuid::Uuid;

use crate::support::{App, assert_error, assert_invalid, call, contact, external, mask, operator};

fn by_code(code: &str, lead: LeadIdentity) -> CreateContactRequest {
    CreateContactRequest {
        source: Some(create_contact_request::Source::SourceCode(code.to_owned())),
        ..contact(&Source::default(), lead)
    }
}

fn identity(external_id: &str, phone: &str, email: &str, name: &str) -> LeadIdentity {
    LeadIdentity {
        external_id: external_id.to_owned(),
        phone: phone.to_owned(),
        email: email.to_owned(),
        name: name.to_owned(),
    }
}

#[tokio::test]
async fn a_contact_comes_in_by_the_id_or_the_code_of_its_source() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("tg-bot", &[(&ann, 1)]).await;

    let first = app
        .create_contact(contact(&source, external("chat-1")))
        .await;
    let first = first.unwrap();
    let (taken, lead) = (first.contact.unwrap(), first.lead.unwrap());
    assert!(first.lead_created && first.conflicting_lead_ids.is_empty());
    assert_eq!(first.operator.unwrap().load, 1);
    assert!(taken.create_time.is_some() && !taken.etag.is_empty());
    let expected = Contact {
        lead_id: lead.id.clone(),
        source_id: source.id.clone(),
        operator_id: Some(ann.id.clone()),
        status: ContactStatus::New.into(),
        message: "Hello".to_owned(),
        backlog_reason: BacklogReason::Unspecified.into(),
        update_time: taken.create_time,
        assign_time: taken.create_time,
        close_time: None,
        ..taken.clone()
    };
    assert_eq!(taken, expected);
    assert_eq!(app.get_contact(&taken).await, taken);
    assert_eq!(app.get_lead(&lead.id).await, lead);

    let second = app.create_contact(by_code(" TG-Bot ", external("chat-1")));
    let second = second.await.unwrap();
    assert!(!second.lead_created);
    assert_eq!(second.lead, Some(lead));
    assert_ne!(second.contact.unwrap().id, taken.id);
    assert_eq!(app.get_operator(&ann).await.load, 2);
    app.assert_invariants().await;
}

#[tokio::test]
async fn the_answer_holds_the_operator_as_they_were_right_after() {
    let app = App::start().await;
    for (code, window_limit) in [("limited", Some(9)), ("unlimited", None)] {
        let ann = Operator {
            window_limit,
            ..operator("Ann")
        };
        let ann = app.operator(ann).await;
        let source = app.source(code, &[(&ann, 1)]).await;
        for _ in 0..2 {
            let request = contact(&source, external(Uuid::now_v7()));
            let answer = app.create_contact(request).await.unwrap();
            let mut expected = app.get_operator(&ann).await;
            if window_limit.is_none() {
                expected.window_load = 0;
            }
            assert_eq!(answer.operator, Some(expected));
        }
    }
}

#[tokio::test]
async fn identifiers_are_normalised_before_the_lead_is_looked_for() {
    let app = App::start().await;
    let source = app.source("form", &[]).await;
    let given = identity(
        " Zoe\u{308} ",
        "030 / 123 456 78",
        "Ann@Example.ORG",
        " Ann ",
    );
    let first = app.create_contact(contact(&source, given)).await.unwrap();
    let lead = first.lead.unwrap();
    assert_eq!(
        [&lead.external_id, &lead.phone, &lead.email, &lead.name],
        ["Zo\u{eb}", "+493012345678", "ann@example.org", "Ann"]
    );
    for same in [
        identity("Zo\u{eb}", "", "", ""),
        identity("", "+49 (30) 12345678", "", ""),
        identity("", "0049 30 12345678", "", ""),
        identity("", "", " ANN@example.org", ""),
    ] {
        let again = app.create_contact(contact(&source, same)).await.unwrap();
        assert_eq!(again.lead, Some(lead.clone()));
        assert!(!again.lead_created);
    }
}

#[tokio::test]
async fn the_first_identifier_wins_and_the_other_leads_are_named() {
    let app = App::start().await;
    let source = app.source("form", &[]).await;
    let mut leads = Vec::new();
    for known in [
        identity("a", "", "", ""),
        identity("", "+4930111111", "", ""),
        identity("", "", "c@example.org", ""),
    ] {
        let answer = app.create_contact(contact(&source, known)).await.unwrap();
        leads.push(answer.lead.unwrap());
    }
    let ids: Vec<_> = leads.iter().map(|lead| lead.id.clone()).collect();
    for (external_id, winner) in [("a", 0), ("", 1)] {
        let all = identity(external_id, "+4930111111", "c@example.org", "");
        let answer = app.create_contact(contact(&source, all)).await.unwrap();
        assert_eq!(
            answer.lead,
            Some(leads[winner].clone()),
            "nothing is merged"
        );
        assert_eq!(answer.conflicting_lead_ids, ids[winner + 1..]);
        assert!(!answer.lead_created);
    }
    for lead in &leads {
        assert_eq!(app.get_lead(&lead.id).await, *lead);
    }
}

#[tokio::test]
async fn what_a_found_lead_lacks_is_filled_in_as_far_as_it_is_free() {
    let app = App::start().await;
    let source = app.source("form", &[]).await;
    let mut leads = Vec::new();
    for known in [
        identity("ann", "", "", ""),
        identity("bob", "", "taken@example.org", "Bob"),
    ] {
        let answer = app.create_contact(contact(&source, known)).await.unwrap();
        leads.push(answer.lead.unwrap());
    }
    let [ann, bob] = &leads[..] else { panic!() };

    let more = identity("ann", "030 111111", "taken@example.org", "Ann");
    let answer = app.create_contact(contact(&source, more)).await.unwrap();
    let filled = answer.lead.unwrap();
    assert_eq!(
        [
            &filled.external_id,
            &filled.phone,
            &filled.email,
            &filled.name
        ],
        ["ann", "+4930111111", "", "Ann"]
    );
    assert_ne!(filled.etag, ann.etag);
    assert_eq!(answer.conflicting_lead_ids, [bob.id.as_str()]);
    assert_eq!(app.get_lead(&ann.id).await, filled);

    let other = identity("ann", "030 222222", "new@example.org", "Anna");
    let answer = app.create_contact(contact(&source, other)).await.unwrap();
    let filled = answer.lead.unwrap();
    assert_eq!(
        [&filled.phone, &filled.email, &filled.name],
        ["+4930111111", "new@example.org", "Ann"],
        "what it has stays"
    );
}

#[tokio::test]
async fn only_a_source_that_exists_and_is_active_takes_contacts_in() {
    let app = App::start().await;
    let source = app.source("paused", &[]).await;
    let paused = Source {
        active: Some(false),
        ..source.clone()
    };
    app.update_source(&paused, &["active"]).await.unwrap();
    for request in [
        contact(&source, external("a")),
        by_code("paused", external("a")),
    ] {
        let outcome = app.create_contact(request).await;
        assert_error(outcome, Code::FailedPrecondition, "SOURCE_INACTIVE");
    }
    app.delete_source(&source).await;
    let unknown = Source {
        id: Uuid::now_v7().to_string(),
        ..Source::default()
    };
    for request in [
        contact(&source, external("a")),
        by_code("paused", external("a")),
        contact(&unknown, external("a")),
        by_code("unknown", external("a")),
    ] {
        let outcome = app.create_contact(request).await;
        assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
    let leads = call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    assert_eq!(leads.leads, [], "a refused contact makes no lead");
}

#[tokio::test]
async fn only_the_message_of_a_contact_can_be_updated() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let first = app.contact(&source).await;
    let update = async |contact: Contact, update_mask| {
        let request = UpdateContactRequest {
            contact: Some(contact),
            update_mask,
            ..Default::default()
        };
        call!(app.contacts.update_contact(request))
    };

    let changed = Contact {
        id: first.id.clone(),
        message: "Line one\n\tline two".to_owned(),
        status: ContactStatus::Closed.into(),
        ..Contact::default()
    };
    let second = update(changed.clone(), None).await.unwrap();
    assert_ne!(second.etag, first.etag);
    let expected = Contact {
        message: changed.message.clone(),
        etag: second.etag.clone(),
        update_time: second.update_time,
        ..first.clone()
    };
    assert_eq!(second, expected);
    for (paths, message) in [
        (None, &changed.message[..]),
        (mask(&["etag"]), &changed.message),
        (mask(&["*"]), ""),
    ] {
        let empty = Contact {
            id: first.id.clone(),
            ..Contact::default()
        };
        assert_eq!(update(empty, paths).await.unwrap().message, message);
    }
    assert_invalid(
        update(changed.clone(), mask(&["message", "lead"])).await,
        &["update_mask"],
    );
    let stale = Contact {
        etag: first.etag,
        ..changed.clone()
    };
    assert_error(update(stale, None).await, Code::Aborted, "ETAG_MISMATCH");
    let current = app.get_contact(&second).await;
    let fresh = Contact {
        etag: current.etag,
        ..changed.clone()
    };
    update(fresh, None).await.unwrap();
    let id = Uuid::now_v7().to_string();
    let unknown = Contact {
        id: id.clone(),
        ..changed
    };
    assert_error(
        update(unknown, None).await,
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
    let outcome = call!(app.contacts.get_contact(GetContactRequest { id }));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}
