//! What of an answer is for whom: services that take contacts in for strangers are not
//! told what is known of people.

use minicrm::proto::{
    ApiKeyAccess, BatchCreateContactsRequest, Contact, CreateContactRequest, CreateContactResponse,
    Lead, LeadIdentity, Operator, batch_create_contacts_result, create_contact_request,
};

use crate::support::{App, call, contact, operator, request_id};

fn person() -> LeadIdentity {
    LeadIdentity {
        external_id: "ann".to_owned(),
        phone: "+4930111111".to_owned(),
        email: "ann@example.com".to_owned(),
        name: "Ann".to_owned(),
    }
}

/// The answer to a request of an INTAKE key, with the ids of another.
fn cut(
    answer: &CreateContactResponse,
    sent: LeadIdentity,
    assigned: bool,
) -> CreateContactResponse {
    let contact = answer.contact.clone().unwrap();
    CreateContactResponse {
        contact: Some(Contact {
            id: contact.id,
            lead_id: contact.lead_id.clone(),
            source_id: contact.source_id,
            message: "Hello".to_owned(),
            ..Contact::default()
        }),
        lead: Some(Lead {
            id: contact.lead_id,
            external_id: sent.external_id,
            phone: sent.phone,
            email: sent.email,
            name: sent.name,
            ..Lead::default()
        }),
        assigned,
        ..CreateContactResponse::default()
    }
}

/// Mutant: the answer of a batch that is not cut.
#[tokio::test]
async fn an_intake_key_is_answered_ids_and_what_it_sent() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let key = anns.key(ApiKeyAccess::Intake).await;
    let bot = app.with(&key.secret, "");
    let linked = Operator {
        user_id: ann.id.clone(),
        load_limit: Some(3),
        ..operator("Ann")
    };
    let handler = anns.operator(linked).await;
    let source = anns.source("bot", &[(&handler, 1)]).await;
    let full = anns
        .create_contact(contact(&source, person()))
        .await
        .unwrap();
    let other = LeadIdentity {
        phone: "+4930222222".to_owned(),
        ..LeadIdentity::default()
    };
    anns.create_contact(contact(&source, other)).await.unwrap();
    assert!(full.assigned && full.lead_created && full.operator.is_some());
    assert_eq!(full.contact.as_ref().unwrap().operator_id, Some(handler.id));

    // Known by one thing, with another that is somebody else's, and new: all look alike.
    let known = LeadIdentity {
        email: "ANN@example.com".to_owned(),
        phone: "+4930222222".to_owned(),
        ..LeadIdentity::default()
    };
    let normal = LeadIdentity {
        email: "ann@example.com".to_owned(),
        ..known.clone()
    };
    let new = LeadIdentity {
        email: "new@example.com".to_owned(),
        ..LeadIdentity::default()
    };
    // The first takes the last of the operator's room.
    for (number, (sent, answered)) in [(known, normal), (new.clone(), new)]
        .into_iter()
        .enumerate()
    {
        let assigned = number == 0;
        let request = CreateContactRequest {
            source: Some(create_contact_request::Source::SourceCode("bot".to_owned())),
            request_id: request_id(),
            ..contact(&source, sent)
        };
        let first = bot.create_contact(request.clone()).await.unwrap();
        let expected = cut(&first, answered, assigned);
        assert_eq!(first, expected);
        let again = bot.create_contact(request.clone()).await.unwrap();
        assert_eq!(again, expected, "a repetition tells no more");
        let batch = BatchCreateContactsRequest {
            requests: vec![request],
            ..Default::default()
        };
        let answers = call!(bot.contacts.batch_create_contacts(batch)).unwrap();
        let response = batch_create_contacts_result::Result::Response(expected);
        assert_eq!(answers.results[0].result, Some(response));
    }
    let kept = anns.get_contact(&full.contact.unwrap()).await;
    assert_eq!(kept.message, "Hello");
    anns.assert_invariants().await;
}

/// What answers kept by the version before do not say is said for it.
#[tokio::test]
async fn others_are_answered_all_and_whether_it_was_assigned() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    for (code, weights, assigned) in [("bot", &[(&ann, 1)][..], true), ("form", &[], false)] {
        let source = app.source(code, weights).await;
        let answer = app
            .create_contact(contact(&source, person()))
            .await
            .unwrap();
        assert_eq!(answer.assigned, assigned);
        assert_eq!(answer.operator.is_some(), assigned);
        assert_eq!(answer.lead.unwrap().name, "Ann");
    }
}
