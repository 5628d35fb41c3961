//! How deals are won, lost, closed and reopened.

use minicrm::proto::{
    AmountChanged, Deal, DealCreated, DealStage, DealStatus, StageChanged, StatusChanged,
    activity::Payload,
};
use tonic::Code;

use super::{amount, create, deal, get, lead, reopen, stage, status, update};
use crate::support::{App, assert_error, assert_invalid};

#[tokio::test]
async fn a_deal_that_is_won_has_an_amount() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let refused = |outcome| {
        assert_error(outcome, Code::FailedPrecondition, "DEAL_AMOUNT_REQUIRED");
    };
    let won = Deal {
        status: DealStatus::Won.into(),
        ..deal(&lead)
    };
    refused(create(&app, won).await);
    let made = create(&app, deal(&lead)).await.unwrap();
    // Nothing of an update is done if one part is refused.
    let named = Deal {
        title: "Won".to_owned(),
        ..status(DealStatus::Won)
    };
    refused(update(&app, &made, named).await);
    assert_eq!(get(&app, &made).await.unwrap(), made);
    // Judged is what the deal would be.
    let both = Deal {
        status: DealStatus::Won.into(),
        ..amount("50")
    };
    let won = update(&app, &made, both).await.unwrap();
    assert_eq!(
        (&*won.amount, won.status(), won.stage()),
        ("50.00", DealStatus::Won, DealStage::Closed)
    );
    assert!(won.close_time.is_some());
    refused(update(&app, &made, amount("0")).await);
    let more = update(&app, &made, amount("0.01")).await.unwrap();
    assert_eq!(more.close_time, won.close_time);
    // The timeline has what was done, and nothing of what was refused.
    let (new, closed) = (DealStage::Qualification.into(), DealStage::Closed.into());
    let amounts = |old: &str, new: &str| {
        Payload::AmountChanged(AmountChanged {
            old_amount: old.to_owned(),
            old_currency: "EUR".to_owned(),
            new_amount: new.to_owned(),
            new_currency: "EUR".to_owned(),
        })
    };
    let expected = [
        amounts("50.00", "0.01"),
        amounts("0.00", "50.00"),
        Payload::StageChanged(StageChanged {
            old_stage: new,
            new_stage: closed,
        }),
        Payload::StatusChanged(StatusChanged {
            old_status: DealStatus::New.into(),
            new_status: DealStatus::Won.into(),
        }),
        Payload::DealCreated(DealCreated { contact_id: None }),
    ];
    let history = app.timeline(&made).await;
    let payloads: Vec<_> = history.iter().flat_map(|each| &each.payload).collect();
    assert_eq!(payloads, expected.iter().collect::<Vec<_>>());
    let numbers: Vec<_> = history.iter().map(|each| each.number).collect();
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    app.assert_invariants().await;
}

#[tokio::test]
async fn what_is_final_or_closed_stays_so_until_it_is_reopened() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let closed = |outcome| assert_error(outcome, Code::FailedPrecondition, "DEAL_CLOSED");
    let worth = Deal {
        amount: "10".to_owned(),
        ..deal(&lead)
    };
    for end in [DealStatus::Won, DealStatus::Lost] {
        let made = create(&app, worth.clone()).await.unwrap();
        let ahead = update(&app, &made, stage(DealStage::Proposal))
            .await
            .unwrap();
        let open = reopen(&app, &ahead, DealStage::Unspecified).await;
        assert_error(open, Code::FailedPrecondition, "DEAL_OPEN");
        // The end says where the deal stands, too.
        let torn = Deal {
            stage: DealStage::Negotiation.into(),
            ..status(end)
        };
        assert_invalid(update(&app, &made, torn).await, &["deal.stage"]);
        let ended = update(&app, &made, status(end)).await.unwrap();
        assert_eq!(ended.stage(), DealStage::Closed);
        for other in [
            DealStatus::New,
            DealStatus::InProgress,
            DealStatus::Won,
            DealStatus::Lost,
        ] {
            if other != end {
                closed(update(&app, &made, status(other)).await);
            }
        }
        for earlier in [
            DealStage::Qualification,
            DealStage::Proposal,
            DealStage::Negotiation,
        ] {
            closed(update(&app, &made, stage(earlier)).await);
        }
        assert_eq!(get(&app, &made).await.unwrap(), ended);
        // To say again what is so is no change; other fields can be corrected.
        let same = Deal {
            status: end.into(),
            stage: DealStage::Closed.into(),
            title: "Corrected".to_owned(),
            ..Deal::default()
        };
        assert_eq!(update(&app, &made, same).await.unwrap().title, "Corrected");
        assert_invalid(reopen(&app, &made, DealStage::Closed).await, &["stage"]);
        let reopened = reopen(&app, &made, DealStage::Unspecified).await.unwrap();
        assert_eq!(
            (reopened.status(), reopened.stage(), reopened.close_time),
            (DealStatus::InProgress, DealStage::Proposal, None)
        );
        update(&app, &made, status(end)).await.unwrap();
        let back = reopen(&app, &made, DealStage::Qualification).await.unwrap();
        assert_eq!(back.stage(), DealStage::Qualification);
    }
    app.assert_invariants().await;
}

/// A deal can be closed before it is known how it ended.
#[tokio::test]
async fn a_closed_deal_that_has_not_ended_can_still_end() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let made = create(&app, deal(&lead)).await.unwrap();
    let closed = update(&app, &made, stage(DealStage::Closed)).await.unwrap();
    assert_eq!(closed.status(), DealStatus::New);
    assert!(closed.close_time.is_some());
    let outcome = update(&app, &made, stage(DealStage::Proposal)).await;
    assert_error(outcome, Code::FailedPrecondition, "DEAL_CLOSED");
    update(&app, &made, status(DealStatus::InProgress))
        .await
        .unwrap();
    let lost = update(&app, &made, status(DealStatus::Lost)).await.unwrap();
    assert_eq!(lost.close_time, closed.close_time);
    app.assert_invariants().await;
}
