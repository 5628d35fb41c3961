//! Contacts that the service takes in and moves by itself: no call, no proto.

use std::time::Duration;

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use minicrm::{
    Done, LeadIdentity, NewContact, SourceRef,
    actor::Actor,
    app::{App as Shared, Settings},
    call::DEVELOPMENT_ORGANIZATION as ORGANIZATION,
    ids::ContactId,
    proto::{Assignment, AssignmentKind, Contact},
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::support::{App, operator, settings};

#[derive(Debug, PartialEq, QueryableByName)]
struct Event {
    #[diesel(sql_type = Text)]
    method: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    user_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    api_key_id: Option<Uuid>,
}

async fn events(app: &App, contact_id: ContactId) -> Vec<Event> {
    let query = "SELECT method, user_id, api_key_id FROM audit_events
         WHERE resource_ids[1] = $1 ORDER BY id";
    sql_query(query)
        .bind::<SqlUuid, _>(contact_id)
        .get_results(&mut app.database().await)
        .await
        .unwrap()
}

fn by_system(method: &str) -> Event {
    Event {
        method: format!("SYSTEM.{method}"),
        user_id: None,
        api_key_id: None,
    }
}

/// Mutant: what the system does is not told from what is done without authentication.
#[tokio::test]
async fn the_system_takes_a_contact_in_and_draws_for_it_again() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let eve = app.operator(operator("Eve")).await;
    app.source("site", &[(&ann, 1), (&eve, 1)]).await;
    let shared = Shared::new(
        &app.database_url,
        Settings {
            pool_size: 4,
            ..settings()
        },
    )
    .unwrap();
    let (contacts, deadline) = (shared.contacts(), Instant::now() + Duration::from_mins(1));

    let actor = Actor::system(ORGANIZATION, "CreateContact", deadline);
    let new = NewContact {
        once: None,
        source: SourceRef::Code("site".to_owned()),
        lead: LeadIdentity {
            external_id: Some("chat-1".to_owned()),
            phone: None,
            email: None,
            name: "Bob".to_owned(),
        },
        message: "Hello".to_owned(),
    };
    let Done::Now(created) = contacts.create(&actor, new).await.unwrap() else {
        panic!("nothing was done before");
    };
    let id = created.contact.id;
    let first = created.contact.operator_id.unwrap();
    assert!(created.lead_created && created.operator.is_some());
    assert_eq!(
        contacts.get(&actor, id).await.unwrap().operator_id,
        Some(first)
    );

    let actor = Actor::system(ORGANIZATION, "RedrawContacts", deadline);
    contacts.redraw_all(&actor, &[id]).await.unwrap();
    let second = contacts.get(&actor, id).await.unwrap().operator_id;
    assert!(second.is_some() && second != Some(first));
    let expected = ["CreateContact", "RedrawContacts"].map(by_system);
    assert_eq!(events(&app, id).await, expected);

    // Whoever calls sees the same.
    let seen = Contact {
        id: id.to_string(),
        ..Contact::default()
    };
    let seen = app.get_contact(&seen).await;
    assert_eq!(seen.operator_id, second.map(|id| id.to_string()));
    let history = app.history(&seen).await;
    let kinds: Vec<_> = history.iter().map(Assignment::kind).collect();
    assert_eq!(
        kinds,
        [AssignmentKind::Reassigned, AssignmentKind::Automatic]
    );
    app.assert_invariants().await;
}
