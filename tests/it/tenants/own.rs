//! What members may change is theirs; what was done and denied is kept.

use futures_util::future::join_all;
use minicrm::proto::{
    AuditEvent, BatchCreateContactsRequest, Contact, ContactStatus, CreateLeadRequest,
    DeleteLeadRequest, Lead, ListAuditEventsRequest, Operator, UpdateContactRequest,
    UpdateLeadRequest, batch_create_contacts_result,
};
use tonic::{Code, Status};

use super::team::Team;
use crate::support::{
    App, assert_error, call, contact, external, mask, operator, request_id, until,
};

fn owned(owner_user_id: &str) -> Lead {
    Lead {
        name: "Lead".to_owned(),
        owner_user_id: owner_user_id.to_owned(),
        ..Lead::default()
    }
}

async fn create(app: &App, lead: Lead) -> Result<Lead, Status> {
    let request = CreateLeadRequest {
        lead: Some(lead),
        ..Default::default()
    };
    call!(app.leads.create_lead(request))
}

async fn update(app: &App, lead: &Lead, change: Lead, paths: &[&str]) -> Result<Lead, Status> {
    let request = UpdateLeadRequest {
        lead: Some(Lead {
            id: lead.id.clone(),
            ..change
        }),
        update_mask: mask(paths),
        ..Default::default()
    };
    call!(app.leads.update_lead(request))
}

async fn rename(app: &App, lead: &Lead) -> Result<Lead, Status> {
    let renamed = Lead {
        name: "New".to_owned(),
        ..Lead::default()
    };
    update(app, lead, renamed, &["name"]).await
}

async fn give_away(app: &App, lead: &Lead, owner_user_id: &str) -> Result<Lead, Status> {
    update(app, lead, owned(owner_user_id), &["owner_user_id"]).await
}

async fn delete(app: &App, lead: &Lead) -> Result<(), Status> {
    let request = DeleteLeadRequest {
        id: lead.id.clone(),
        ..Default::default()
    };
    call!(app.leads.delete_lead(request))
}

/// Changes the message and the status of a contact.
async fn work(app: &App, contact: &Contact) -> [Result<Contact, Status>; 2] {
    let request = UpdateContactRequest {
        contact: Some(Contact {
            id: contact.id.clone(),
            message: "Changed".to_owned(),
            ..Contact::default()
        }),
        ..Default::default()
    };
    [
        call!(app.contacts.update_contact(request)),
        app.set_status(contact, ContactStatus::InProgress, false)
            .await,
    ]
}

async fn events(app: &App, resource_id: &str) -> Vec<AuditEvent> {
    let request = ListAuditEventsRequest {
        page_size: 1000,
        resource_id: resource_id.to_owned(),
        ..Default::default()
    };
    let listed = call!(app.organizations.list_audit_events(request));
    listed.unwrap().audit_events
}

#[track_caller]
fn assert_not_own<T: std::fmt::Debug>(outcome: Result<T, Status>) {
    assert_error(outcome, Code::PermissionDenied, "NOT_OWN");
}

#[track_caller]
fn assert_no_member<T: std::fmt::Debug>(outcome: Result<T, Status>) {
    let details = assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_eq!(details.resource_info().unwrap().resource_type, "member");
}

#[tokio::test]
async fn members_change_their_own_leads() {
    let team = Team::new().await;
    let (bob, eve) = (&team.bob, &team.eve);
    let (bobs, maxs) = (team.of(bob), team.of(&team.max));
    let own = create(&bobs, owned("")).await.unwrap();
    assert_eq!(own.owner_user_id, bob.id);
    let named = create(&bobs, owned(&bob.id)).await.unwrap();
    assert_eq!(named.owner_user_id, bob.id);
    assert_not_own(create(&bobs, owned(&eve.id)).await);

    let eves = create(&maxs, owned(&eve.id)).await.unwrap();
    let nobodys = create(&maxs, owned("")).await.unwrap();
    let nobodys = give_away(&maxs, &nobodys, "").await.unwrap();
    assert_eq!(nobodys.owner_user_id, "");
    for lead in [&eves, &nobodys] {
        assert_not_own(rename(&bobs, lead).await);
        assert_not_own(give_away(&bobs, lead, &bob.id).await);
        assert_not_own(delete(&bobs, lead).await);
        assert_eq!(maxs.get_lead(&lead.id).await, *lead);
    }
    rename(&bobs, &own).await.unwrap();
    give_away(&bobs, &own, &bob.id).await.unwrap();
    for other in [&eve.id, &team.app.user("new@example.com").await.id, ""] {
        assert_not_own(give_away(&bobs, &own, other).await);
    }
    delete(&bobs, &named).await.unwrap();

    // A manager may all of it, with owners who are members.
    let stranger = team.app.user("stranger@example.com").await;
    assert_no_member(create(&maxs, owned(&stranger.id)).await);
    assert_no_member(give_away(&maxs, &own, &stranger.id).await);
    rename(&maxs, &eves).await.unwrap();
    let given = give_away(&maxs, &own, &eve.id).await.unwrap();
    assert_eq!(given.owner_user_id, eve.id);
    assert_not_own(rename(&bobs, &own).await);
    rename(&team.of(eve), &own).await.unwrap();
    for lead in [&own, &eves, &nobodys] {
        delete(&maxs, lead).await.unwrap();
    }
}

#[tokio::test]
async fn members_work_on_contacts_of_their_operators() {
    let team = Team::new().await;
    let (bobs, maxs) = (team.of(&team.bob), team.of(&team.max));
    let linked = |user_id: &str| Operator {
        user_id: user_id.to_owned(),
        ..operator("Linked")
    };
    let of_bob = maxs.operator(linked(&team.bob.id)).await;
    let of_eve = maxs.operator(linked(&team.eve.id)).await;
    let of_nobody = maxs.operator(linked("")).await;
    let mut contacts = Vec::new();
    for (code, weights) in [
        ("bob", &[(&of_bob, 1)][..]),
        ("eve", &[(&of_eve, 1)]),
        ("nobody", &[(&of_nobody, 1)]),
        ("backlog", &[]),
    ] {
        let source = maxs.source(code, weights).await;
        contacts.push(maxs.contact(&source).await);
    }
    let (own, others) = contacts.split_first().unwrap();
    for other in others {
        for outcome in work(&bobs, other).await {
            assert_not_own(outcome);
        }
        assert_eq!(maxs.get_contact(other).await, *other);
    }
    for outcome in work(&bobs, own).await {
        outcome.unwrap();
    }
    // Whose it is follows from the operator as it is now.
    let relinked = Operator {
        id: of_bob.id.clone(),
        ..linked(&team.eve.id)
    };
    maxs.update_operator(&relinked, &["user_id"]).await.unwrap();
    for outcome in work(&bobs, own).await {
        assert_not_own(outcome);
    }
    for contact in &contacts {
        for outcome in work(&maxs, contact).await {
            outcome.unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_denied_is_counted() {
    let team = Team::new().await;
    let (bobs, maxs, anns) = (team.of(&team.bob), team.of(&team.max), team.of(&team.ann));
    let source = maxs.source("backlog", &[]).await;
    let contact = maxs.contact(&source).await;
    let lead = create(&maxs, owned(&team.eve.id)).await.unwrap();
    for _ in 0..3 {
        assert_not_own(rename(&bobs, &lead).await);
    }
    for outcome in work(&bobs, &contact).await {
        assert_not_own(outcome);
    }
    let outcome = bobs.reassign(&contact).await;
    assert_error(outcome, Code::PermissionDenied, "ROLE_DENIED");
    let expected = [
        ("ReassignContact", "ROLE_DENIED", 1),
        ("SetContactStatus", "NOT_OWN", 1),
        ("UpdateContact", "NOT_OWN", 1),
        ("UpdateLead", "NOT_OWN", 3),
    ];
    let mut denied = Vec::new();
    until("all are written", async || {
        denied = events(&anns, "").await;
        denied.retain(|event| !event.denied_reason.is_empty());
        let count: i64 = denied.iter().map(|event| event.denied_count).sum();
        count >= 6
    })
    .await;
    for (method, reason, count) in expected {
        let of_method = denied.iter().filter(|event| event.method == method);
        let mut found = 0;
        for event in of_method {
            assert_eq!(
                (&event.user_id, &*event.denied_reason),
                (&team.bob.id, reason)
            );
            assert!(event.resource_ids.is_empty());
            found += event.denied_count;
        }
        assert_eq!(found, count, "{method}");
    }
}

#[tokio::test]
async fn what_was_done_is_found_once() {
    let team = Team::new().await;
    let (bobs, maxs, anns) = (team.of(&team.bob), team.of(&team.max), team.of(&team.ann));
    let lead = create(&bobs, owned("")).await.unwrap();
    rename(&maxs, &lead).await.unwrap();
    delete(&bobs, &lead).await.unwrap();
    let found: Vec<_> = events(&anns, &lead.id)
        .await
        .into_iter()
        .map(|event| (event.method, event.user_id, event.resource_ids))
        .collect();
    let expected = [
        ("DeleteLead", &team.bob),
        ("UpdateLead", &team.max),
        ("CreateLead", &team.bob),
    ]
    .map(|(method, by)| (method.to_owned(), by.id.clone(), vec![lead.id.clone()]));
    assert_eq!(found, expected);

    // Together with others, in one request and in many at the same time.
    let source = maxs.source("backlog", &[]).await;
    let request = BatchCreateContactsRequest {
        requests: (0..5).map(|n| contact(&source, external(n))).collect(),
        request_id: request_id(),
    };
    let batch = || async { call!(maxs.contacts.batch_create_contacts(request.clone())).unwrap() };
    let created = batch().await;
    assert_eq!(batch().await, created);
    let mut contacts = Vec::new();
    for result in created.results {
        let Some(batch_create_contacts_result::Result::Response(response)) = result.result else {
            panic!("{result:?}")
        };
        let id = response.contact.unwrap().id;
        contacts.push((id, "BatchCreateContacts", &team.max));
    }
    let one = async |by| (team.of(by).contact(&source).await.id, "CreateContact", by);
    let callers = (0..16).map(|n| if n % 2 == 0 { &team.ann } else { &team.max });
    contacts.extend(join_all(callers.map(one)).await);
    for (id, method, by) in contacts {
        let found = events(&anns, &id).await;
        let [event] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!((&*event.method, &event.user_id), (method, &by.id));
        assert!(event.resource_ids.contains(&id));
    }
}
