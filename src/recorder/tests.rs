//! What is written of lists of changes, in memory.

use chrono::TimeDelta;
use rand::{SeedableRng, rngs::StdRng};
use uuid::Uuid;

use super::*;
use crate::{
    activities::Payload,
    actor::Identity,
    ids::{ContactId, DealId, LeadId, SourceId, TaskId, UserId},
    model::{
        ContactStatus,
        change::{ContactFacts, DealFacts, TaskFacts},
        deal::{DealStage, DealStatus},
    },
};

const ANN: Author = Author {
    identity: Identity::User(UserId::from_u128(1)),
    method: "UpdateDeal",
};
const BOT: Author = Author {
    identity: Identity::System,
    method: "CreateContact",
};

fn time() -> DateTime<Utc> {
    DateTime::from_timestamp(7_300, 0).unwrap()
}

fn deal(owner_user_id: Option<UserId>) -> DealFacts {
    DealFacts {
        id: DealId::from_u128(7),
        contact_id: None,
        owner_user_id,
        amount: 5.into(),
        currency: "EUR".to_owned(),
        status: DealStatus::New,
        stage: DealStage::Proposal,
        reached_stage: DealStage::Proposal,
        create_time: time(),
    }
}

fn task(due_date: Option<&str>) -> TaskFacts {
    TaskFacts {
        id: TaskId::from_u128(8),
        deal_id: DealId::from_u128(7),
        title: "Call".to_owned(),
        due_date: due_date.map(|day| day.parse().unwrap()),
    }
}

fn contact(status: ContactStatus) -> ContactFacts {
    ContactFacts {
        source_id: SourceId::default(),
        create_time: time(),
        operator_id: None,
        pool_id: None,
        status,
    }
}

fn created(id: u128) -> Change {
    Change::ContactCreated {
        id: ContactId::from_u128(id),
        contact: contact(ContactStatus::New),
    }
}

fn told(records: &Records) -> Vec<(Author, Vec<u128>)> {
    let event = |event: &Event| {
        let author = Author {
            identity: event.identity,
            method: event.method,
        };
        let ids = event.resource_ids.iter().map(Uuid::as_u128);
        (author, ids.collect())
    };
    records.events.iter().map(event).collect()
}

#[test]
fn where_nothing_happened_nothing_is_written() {
    let records = Records::of_call(ANN, &[]);
    assert!(records.events.is_empty() && records.entries.is_empty());
    assert!(records.counted.deals.is_empty() && records.counted.leads == 0);
}

#[test]
fn a_call_is_one_event_about_each_thing_once() {
    let lead = LeadId::from_u128(3);
    let changes = [
        Change::DealChanged {
            before: deal(None),
            after: DealFacts {
                amount: 6.into(),
                status: DealStatus::InProgress,
                ..deal(None)
            },
        },
        Change::DealDeleted(deal(None)),
        Change::LeadUpdated(lead),
    ];
    let records = Records::of_call(ANN, &changes);
    assert_eq!(told(&records), [(ANN, vec![7, 3])]);
    let authors: Vec<_> = records.entries.iter().map(|e| e.author_user_id).collect();
    assert_eq!(authors, [ANN.identity.user_id(); 2]);
    let payloads: Vec<_> = records.entries.iter().map(|e| &e.payload).collect();
    let amount = Payload::AmountChanged {
        old_amount: "5.00".to_owned(),
        old_currency: "EUR".to_owned(),
        new_amount: "6.00".to_owned(),
        new_currency: "EUR".to_owned(),
    };
    assert!(matches!(payloads[0], Payload::StatusChanged { .. }));
    assert_eq!(payloads[1..], [&amount]);
}

#[test]
fn a_part_of_something_else_is_counted_and_on_the_timeline_only() {
    let owner = Some(UserId::from_u128(2));
    let changes = [Change::DealHandedOver {
        before: deal(None),
        after: deal(owner),
    }];
    let records = Records::of_call(ANN, &changes);
    assert!(records.events.is_empty());
    let expected = Payload::OwnerChanged {
        old_owner_user_id: None,
        new_owner_user_id: owner,
    };
    assert_eq!(records.entries[0].payload, expected);
    // The new owner's rollups: everybody's deals are as many as before.
    assert_eq!(records.counted.deals.len(), 3);
}

#[test]
fn the_timeline_tells_of_a_day_that_changed_and_of_nothing_else() {
    let changed = |before, after| {
        let (before, after) = (task(before), task(after));
        Records::of_call(ANN, &[Change::TaskChanged { before, after }])
    };
    let day = Some("2026-11-26");
    assert!(changed(day, day).entries.is_empty());
    assert_eq!(told(&changed(day, day)), [(ANN, vec![8])]);
    assert_eq!(changed(None, day).entries.len(), 1);
}

#[test]
fn leads_come_and_go() {
    let id = LeadId::from_u128(3);
    let contacts = vec![contact(ContactStatus::Closed)];
    let leads = |changes: &[Change]| Records::of_call(ANN, changes).counted.leads;
    assert_eq!(leads(&[Change::LeadCreated(id)]), 1);
    assert_eq!(leads(&[Change::LeadDeleted { id, contacts }]), -1);
}

/// An event for each change, in their order, then one for what each author's method created.
#[test]
fn a_batch_tells_of_each_change_and_of_what_was_created_together() {
    let closed = |id| Change::ContactChanged {
        id: ContactId::from_u128(id),
        before: contact(ContactStatus::New),
        after: contact(ContactStatus::Closed),
    };
    let changes = [
        (ANN, closed(20)),
        (BOT, closed(10)),
        (BOT, created(1)),
        (ANN, created(2)),
        (BOT, created(3)),
    ];
    let records = Records::of_batch(&mut StdRng::seed_from_u64(1), time(), &changes);
    let expected = [
        (ANN, vec![20]),
        (BOT, vec![10]),
        (BOT, vec![1, 3]),
        (ANN, vec![2]),
    ];
    assert_eq!(told(&records), expected);
    assert!(records.events[0].id < records.events[1].id);
    let next: Uuid = crate::ids::first_id_at(time() + TimeDelta::milliseconds(1));
    assert!(records.events.iter().all(|event| event.id < next));
}
