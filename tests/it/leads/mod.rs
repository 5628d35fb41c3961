//! `LeadService`: the people and companies who ask.

mod change;
mod person;
mod search;

use minicrm::proto::{
    ContactStatus, CreateLeadRequest, DeleteLeadRequest, GetLeadRequest, Lead, LeadView,
    ListContactsRequest, ListLeadsRequest, LookupLeadRequest, UpdateLeadRequest,
    lookup_lead_request::Identifier,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{App, assert_error, call, contact, external, mask, operator};

async fn create(app: &App, lead: Lead) -> Result<Lead, Status> {
    let request = CreateLeadRequest {
        lead: Some(lead),
        ..Default::default()
    };
    call!(app.leads.create_lead(request))
}

fn lead(external_id: &str, phone: &str, email: &str, name: &str) -> Lead {
    Lead {
        external_id: external_id.to_owned(),
        phone: phone.to_owned(),
        email: email.to_owned(),
        name: name.to_owned(),
        ..Lead::default()
    }
}

#[tokio::test]
async fn a_lead_is_kept_in_normal_form_and_found_in_any() {
    let app = App::start().await;
    let owner_user_id = Uuid::now_v7().to_string();
    let given = Lead {
        owner_user_id: owner_user_id.to_uppercase(),
        etag: "7".to_owned(),
        contacts: vec![minicrm::proto::Contact::default()],
        ..lead(
            " chat:1 ",
            "(030) 12 34 56 78",
            " Ann@Example.ORG ",
            " A\u{308}nn ",
        )
    };
    let made = create(&app, given).await.unwrap();
    let expected = Lead {
        id: made.id.clone(),
        owner_user_id,
        create_time: made.create_time,
        update_time: made.create_time,
        etag: made.etag.clone(),
        ..lead("chat:1", "+493012345678", "ann@example.org", "\u{c4}nn")
    };
    assert_eq!(made, expected);
    assert_eq!(Uuid::parse_str(&made.id).unwrap().get_version_num(), 7);
    assert!(made.create_time.is_some() && !made.etag.is_empty());
    assert_eq!(app.get_lead(&made.id).await, made);

    let lookup = async |identifier| {
        let request = LookupLeadRequest {
            identifier: Some(identifier),
            ..Default::default()
        };
        call!(app.leads.lookup_lead(request))
    };
    for identifier in [
        Identifier::ExternalId(" chat:1".to_owned()),
        Identifier::Phone("+493012345678".to_owned()),
        Identifier::Phone("0049 30-1234 5678".to_owned()),
        Identifier::Phone("030/12345678".to_owned()),
        Identifier::Email("ANN@example.org ".to_owned()),
    ] {
        assert_eq!(lookup(identifier).await.unwrap(), made);
    }
    for identifier in [
        Identifier::ExternalId("chat:%".to_owned()),
        Identifier::Phone("+493012345679".to_owned()),
        Identifier::Email("bob@example.org".to_owned()),
    ] {
        assert_error(
            lookup(identifier).await,
            Code::NotFound,
            "RESOURCE_NOT_FOUND",
        );
    }
    let request = GetLeadRequest {
        id: Uuid::now_v7().to_string(),
        ..Default::default()
    };
    let outcome = call!(app.leads.get_lead(request));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn an_identifier_belongs_to_one_lead() {
    let app = App::start().await;
    let ann = create(&app, lead("a", "+4930111111", "a@example.org", ""))
        .await
        .unwrap();
    let bob = create(&app, lead("", "", "", "Bob")).await.unwrap();
    create(&app, lead("", "", "", "Bob")).await.unwrap(); // names need not be unique
    for (path, taken) in [
        ("external_id", lead("a", "", "", "")),
        ("phone", lead("", "030 111111", "", "")),
        ("email", lead("", "", "A@EXAMPLE.org", "")),
    ] {
        let outcome = create(&app, taken.clone()).await;
        assert_error(outcome, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
        for (id, refused) in [(&bob.id, true), (&ann.id, false)] {
            let request = UpdateLeadRequest {
                lead: Some(Lead {
                    id: id.clone(),
                    ..taken.clone()
                }),
                update_mask: mask(&[path]),
                ..Default::default()
            };
            let outcome = call!(app.leads.update_lead(request));
            if refused {
                assert_error(outcome, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
            } else {
                outcome.unwrap();
            }
        }
    }
    assert_eq!(app.get_lead(&bob.id).await, bob);
}

/// The key that is violated is only the first of them.
#[tokio::test]
async fn all_identifiers_that_are_taken_are_named_with_whose_they_are() {
    let app = App::start().await;
    let ann = lead("a", "+4930111111", "", "Ann");
    let ann = create(&app, ann).await.unwrap();
    let bob = lead("", "", "b@example.org", "Bob");
    let bob = create(&app, bob).await.unwrap();
    let own = create(&app, lead("own", "", "", "")).await.unwrap();
    let taken = Lead {
        id: own.id.clone(),
        ..lead("a", "030 111111", "B@example.org", "")
    };
    let request = UpdateLeadRequest {
        lead: Some(taken.clone()),
        ..Default::default()
    };
    for outcome in [
        create(&app, taken).await,
        call!(app.leads.update_lead(request)),
    ] {
        let message = outcome.clone().unwrap_err().message().to_owned();
        assert!(
            !message.contains("111111") && !message.contains('@'),
            "{message}"
        );
        let details = assert_error(outcome, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
        let said = &details.error_info().unwrap().metadata;
        for (name, value) in [
            ("field", "external_id,phone,email"),
            ("external_id_taken_by", &*ann.id),
            ("phone_taken_by", &*ann.id),
            ("email_taken_by", &*bob.id),
        ] {
            assert_eq!(said.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(details.resource_info().unwrap().resource_name, ann.id);
    }
    assert_eq!(app.get_lead(&own.id).await, own);
}

#[tokio::test]
async fn a_lead_comes_with_its_contacts_on_request() {
    let app = App::start().await;
    let source = app.source("bot", &[]).await;
    let mut contacts = Vec::new();
    for _ in 0..3 {
        let answer = app.create_contact(contact(&source, external("ann"))).await;
        contacts.insert(0, answer.unwrap().contact.unwrap());
    }
    contacts[2] = app.close(&contacts[2]).await;
    app.create_contact(contact(&source, external("bob")))
        .await
        .unwrap();
    let id = &contacts[0].lead_id;
    for (view, expected) in [
        (LeadView::Unspecified, &[][..]),
        (LeadView::Basic, &[]),
        (LeadView::WithContacts, &contacts),
    ] {
        let get = GetLeadRequest {
            id: id.clone(),
            view: view.into(),
        };
        let lookup = LookupLeadRequest {
            identifier: Some(Identifier::ExternalId("ann".to_owned())),
            view: view.into(),
        };
        let lead = call!(app.leads.get_lead(get)).unwrap();
        assert_eq!(lead.contacts, expected, "newest first");
        assert_eq!(call!(app.leads.lookup_lead(lookup)).unwrap(), lead);
    }
    let listed = call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    assert!(listed.leads.iter().all(|lead| lead.contacts.is_empty()));
}

#[tokio::test]
async fn a_lead_with_open_contacts_is_not_deleted() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let mut contacts = Vec::new();
    for status in [ContactStatus::Closed, ContactStatus::InProgress] {
        let answer = app.create_contact(contact(&source, external("lead"))).await;
        let contact = answer.unwrap().contact.unwrap();
        contacts.push(app.set_status(&contact, status, false).await.unwrap());
    }
    let lead = app.get_lead(&contacts[0].lead_id).await;
    let delete = |etag: &str| DeleteLeadRequest {
        id: lead.id.clone(),
        etag: etag.to_owned(),
        ..Default::default()
    };
    let outcome = call!(app.leads.delete_lead(delete("")));
    assert_error(outcome, Code::FailedPrecondition, "LEAD_HAS_OPEN_CONTACTS");
    for contact in &contacts {
        assert_eq!(app.get_contact(contact).await, *contact, "it stays whole");
    }
    app.close(&contacts[1]).await;
    let outcome = call!(app.leads.delete_lead(delete("stale")));
    assert_error(outcome, Code::Aborted, "ETAG_MISMATCH");
    call!(app.leads.delete_lead(delete(&lead.etag))).unwrap();

    assert_eq!(app.list_contacts(ListContactsRequest::default()).await, []);
    let outcome = call!(app.leads.delete_lead(delete("")));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    let again = app.create_contact(contact(&source, external("lead"))).await;
    assert_ne!(again.unwrap().lead.unwrap().id, lead.id);
    app.assert_invariants().await;
}
