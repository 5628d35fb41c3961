//! What the timelines of deals say of changes.

use crate::{
    activities::{Payload, TaskFacts, store::Entry},
    actor::Author,
    ids::DealId,
    model::{
        Change, amount,
        change::{self, DealFacts},
    },
};

/// What is to be written of changes, in their order.
pub fn of<'a>(changes: impl Iterator<Item = (Author, &'a Change)>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (author, change) in changes {
        let author_user_id = author.identity.user_id();
        entries.extend(payloads(change).map(|(deal_id, payload)| Entry {
            deal_id,
            author_user_id,
            payload,
        }));
    }
    entries
}

fn payloads(change: &Change) -> impl Iterator<Item = (DealId, Payload)> {
    let (deal_id, payloads) = match change {
        Change::DealCreated(deal) => {
            let contact_id = deal.contact_id;
            (deal.id, vec![Payload::DealCreated { contact_id }])
        }
        Change::DealChanged { before, after } | Change::DealHandedOver { before, after } => {
            (after.id, differences(before, after))
        }
        Change::TaskCreated(task) => (task.deal_id, vec![Payload::TaskCreated(facts(task))]),
        Change::TaskCompleted(task) => (task.deal_id, vec![Payload::TaskCompleted(facts(task))]),
        Change::TaskReopened(task) => (task.deal_id, vec![Payload::TaskReopened(facts(task))]),
        Change::TaskDeleted(task) => (task.deal_id, vec![Payload::TaskDeleted(facts(task))]),
        Change::TaskChanged { before, after } if before.due_date != after.due_date => {
            let payload = Payload::TaskDueDateChanged {
                task_id: after.id,
                title: after.title.clone(),
                old_due_date: before.due_date.map(|day| day.to_string()),
                new_due_date: after.due_date.map(|day| day.to_string()),
            };
            (after.deal_id, vec![payload])
        }
        _ => (DealId::default(), Vec::new()),
    };
    payloads.into_iter().map(move |payload| (deal_id, payload))
}

fn facts(task: &change::TaskFacts) -> TaskFacts {
    TaskFacts {
        task_id: task.id,
        title: task.title.clone(),
        due_date: task.due_date.map(|day| day.to_string()),
    }
}

fn differences(before: &DealFacts, after: &DealFacts) -> Vec<Payload> {
    let mut found = Vec::new();
    if before.status != after.status {
        found.push(Payload::StatusChanged {
            old_status: before.status,
            new_status: after.status,
        });
    }
    if before.stage != after.stage {
        found.push(Payload::StageChanged {
            old_stage: before.stage,
            new_stage: after.stage,
        });
    }
    if before.amount != after.amount || before.currency != after.currency {
        found.push(Payload::AmountChanged {
            old_amount: amount::text(&before.amount, &before.currency),
            old_currency: before.currency.clone(),
            new_amount: amount::text(&after.amount, &after.currency),
            new_currency: after.currency.clone(),
        });
    }
    if before.owner_user_id != after.owner_user_id {
        found.push(Payload::OwnerChanged {
            old_owner_user_id: before.owner_user_id,
            new_owner_user_id: after.owner_user_id,
        });
    }
    found
}
