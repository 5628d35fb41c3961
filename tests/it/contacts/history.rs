//! `ListAssignments`: decisions that can be repeated by hand.

use minicrm::proto::{
    AssignmentCandidate, AssignmentKind, BacklogReason, ContactStatus, ExclusionReason,
    ListAssignmentsRequest, Operator,
};
use tonic::Code;
use uuid::Uuid;

use crate::support::{App, assert_error, call, operator};

/// Who is picked when this number is drawn.
fn walk(candidates: &[AssignmentCandidate], draw: u64) -> Option<String> {
    let mut sum = 0;
    let picked = candidates.iter().find(|candidate| {
        sum += u64::try_from(candidate.weight).unwrap();
        draw < sum
    });
    picked.map(|candidate| candidate.operator_id.clone())
}

#[tokio::test]
async fn a_draw_can_be_repeated_from_what_is_kept_of_it() {
    let app = App::start().await;
    let mut weights = Vec::new();
    for (change, weight) in [
        (Operator::default(), 10),
        (
            Operator {
                active: Some(false),
                ..Operator::default()
            },
            1,
        ),
        (Operator::default(), 20),
        (
            Operator {
                load_limit: Some(0),
                ..Operator::default()
            },
            2,
        ),
        (
            Operator {
                window_limit: Some(0),
                ..Operator::default()
            },
            3,
        ),
        (Operator::default(), 0),
        (Operator::default(), 30),
    ] {
        let named = Operator {
            name: format!("Weight {weight}"),
            ..change
        };
        weights.push((app.operator(named).await, weight));
    }
    let weights: Vec<_> = weights
        .iter()
        .map(|(operator, weight)| (operator, *weight))
        .collect();
    let source = app.source("bot", &weights).await;

    let mut draws = Vec::new();
    for _ in 0..20 {
        let contact = app.contact(&source).await;
        let decision = app.history(&contact).await.swap_remove(0);
        assert_eq!(decision.kind(), AssignmentKind::Automatic);
        assert_eq!(decision.contact_id, contact.id);
        assert_eq!(decision.operator_id, contact.operator_id);
        assert_eq!(decision.create_time, contact.assign_time);
        assert_eq!(
            (decision.previous_operator_id.as_ref(), decision.forced),
            (None, false)
        );

        // Ids are made in the order of creation.
        let candidates = decision.candidates.iter().map(|c| c.weight);
        assert_eq!(candidates.collect::<Vec<_>>(), [10, 20, 30]);
        for candidate in &decision.candidates {
            let share = f64::from(candidate.weight) / 60.0;
            assert!((candidate.probability - share).abs() < 1e-12);
            if Some(&candidate.operator_id) == decision.operator_id.as_ref() {
                assert_eq!(decision.probability, Some(candidate.probability));
            }
        }
        let excluded = decision.excluded.iter().map(|e| (e.weight, e.reason()));
        assert_eq!(
            excluded.collect::<Vec<_>>(),
            [
                (1, ExclusionReason::Inactive),
                (2, ExclusionReason::AtLoadLimit),
                (3, ExclusionReason::AtWindowLimit),
                (0, ExclusionReason::Paused),
            ]
        );
        let draw = decision.draw.unwrap();
        assert!(draw < 60);
        assert_eq!(walk(&decision.candidates, draw), contact.operator_id);
        draws.push(draw);
    }
    draws.dedup();
    assert!(draws.len() > 1, "a draw is random");
}

#[tokio::test]
async fn the_history_tells_every_kind_of_decision_newest_first() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[]).await;
    let contact = app.contact(&source).await; // to the backlog
    app.give(&contact, &ann, false).await.unwrap();
    app.set_status(&contact, ContactStatus::InProgress, false)
        .await
        .unwrap();
    app.reassign(&contact).await.unwrap(); // kept
    let bob = app.operator(operator("Bob")).await;
    app.set_weight(&source, &bob, 7).await.unwrap();
    app.set_weight(&source, &ann, 1).await.unwrap();
    app.reassign(&contact).await.unwrap(); // to Bob
    app.delete_operator(&bob).await;

    let released = app.get_contact(&contact).await;
    assert_eq!(
        (released.operator_id.as_ref(), released.assign_time),
        (None, None)
    );
    assert_eq!(released.backlog_reason(), BacklogReason::OperatorDeleted);
    assert_eq!(released.status(), ContactStatus::InProgress);

    let history = app.history(&contact).await;
    let told: Vec<_> = history
        .iter()
        .map(|decision| {
            (
                decision.kind(),
                decision.previous_operator_id.as_deref(),
                decision.operator_id.as_deref(),
                decision.backlog_reason(),
                decision.draw.is_some(),
            )
        })
        .collect();
    let (ann, bob) = (Some(&ann.id[..]), Some(&bob.id[..]));
    let none = BacklogReason::Unspecified;
    assert_eq!(
        told,
        [
            (
                AssignmentKind::Released,
                bob,
                None,
                BacklogReason::OperatorDeleted,
                false
            ),
            (AssignmentKind::Reassigned, ann, bob, none, true),
            (AssignmentKind::Kept, ann, ann, none, false),
            (AssignmentKind::Manual, None, ann, none, false),
            (
                AssignmentKind::Automatic,
                None,
                None,
                BacklogReason::NoOperators,
                false
            ),
        ]
    );
    let [_, moved, ..] = &history[..] else {
        panic!()
    };
    assert_eq!(moved.candidates.len(), 1);
    assert_eq!(moved.excluded.len(), 1);
    assert_eq!(moved.excluded[0].reason(), ExclusionReason::CurrentOperator);
    assert_eq!(moved.excluded[0].operator_id, ann.unwrap());
    assert!(
        history
            .iter()
            .all(|decision| decision.create_time.is_some())
    );
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_contact_that_does_not_exist_has_no_history() {
    let app = App::start().await;
    let request = ListAssignmentsRequest {
        contact_id: Uuid::now_v7().to_string(),
        ..Default::default()
    };
    let outcome = call!(app.contacts.list_assignments(request));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}
