//! `ListContacts`: each filter, and several at once.

use minicrm::proto::{ContactStatus, ListContactsRequest};

use crate::support::{App, assert_invalid, call, contact, external, operator};

macro_rules! query {
    ($($field:ident: $value:expr),*) => {
        ListContactsRequest { $($field: $value,)* ..Default::default() }
    };
}

#[tokio::test]
async fn all_filters_given_must_match() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bot = app.source("bot", &[(&ann, 1)]).await;
    let form = app.source("form", &[]).await;
    let mut made = Vec::new();
    for (source, lead) in [(&bot, 1), (&bot, 2), (&form, 1), (&form, 2), (&bot, 1)] {
        let answer = app.create_contact(contact(source, external(lead))).await;
        made.push(answer.unwrap().contact.unwrap());
    }
    let status = ContactStatus::InProgress;
    app.set_status(&made[1], status, false).await.unwrap();
    app.close(&made[3]).await;
    app.close(&made[4]).await;

    let (new, busy, closed) = (
        ContactStatus::New.into(),
        ContactStatus::InProgress.into(),
        ContactStatus::Closed.into(),
    );
    let (first, form, bot) = (&made[0].lead_id, &form.id, &bot.id);
    let time = |index: usize| made[index].create_time;
    let cases: [(_, &[usize]); 17] = [
        (query! {}, &[4, 3, 2, 1, 0]),
        (query! { lead_id: first.clone() }, &[4, 2, 0]),
        (query! { source_id: form.clone() }, &[3, 2]),
        (query! { operator_id: ann.id.clone() }, &[4, 1, 0]),
        (query! { statuses: vec![new] }, &[2, 0]),
        (query! { statuses: vec![busy, closed, busy] }, &[4, 3, 1]),
        (query! { unassigned: true }, &[2]),
        (query! { unassigned: true, statuses: vec![closed] }, &[]),
        (
            query! { unassigned: true, statuses: vec![closed, new] },
            &[2],
        ),
        (
            query! { unassigned: true, lead_id: made[1].lead_id.clone() },
            &[],
        ),
        (query! { create_time_after: time(3) }, &[4, 3]),
        (query! { create_time_before: time(3) }, &[2, 1, 0]),
        (
            query! { order_by: "create_time asc".into(), lead_id: first.clone() },
            &[0, 2, 4],
        ),
        (
            query! { source_id: form.clone(), unassigned: true, statuses: vec![new] },
            &[2],
        ),
        (
            query! { source_id: bot.clone(), operator_id: ann.id.clone(), lead_id: first.clone(),
            statuses: vec![closed] },
            &[4],
        ),
        (
            query! { source_id: form.clone(), operator_id: ann.id.clone() },
            &[],
        ),
        (
            query! { create_time_after: time(1), create_time_before: time(4),
            lead_id: first.clone() },
            &[2],
        ),
    ];
    for (request, expected) in cases {
        let listed = app.list_contacts(request.clone()).await;
        let listed: Vec<_> = listed
            .iter()
            .map(|contact| made.iter().position(|made| made.id == contact.id).unwrap())
            .collect();
        assert_eq!(listed, expected, "{request:?}");
    }
    let contradiction = query! { operator_id: ann.id, unassigned: true };
    let outcome = call!(app.contacts.list_contacts(contradiction));
    assert_invalid(outcome, &["unassigned"]);
}
