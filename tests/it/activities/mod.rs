//! `ActivityService`: the timeline of a deal.

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use futures_util::future::join_all;
use minicrm::{
    call::DEVELOPMENT_ORGANIZATION,
    platform::db::Conn,
    proto::{
        CreateCommentRequest, Deal, DealStage, DealStatus, ListActivitiesRequest,
        UpdateDealRequest, activity::Payload,
    },
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{App, assert_error, assert_invalid, call, request_id};

const CLIENTS: usize = 16;
const ROUNDS: usize = 4;

async fn update(app: &App, deal: &Deal, change: Deal) -> Result<Deal, Status> {
    let request = UpdateDealRequest {
        deal: Some(Deal {
            id: deal.id.clone(),
            ..change
        }),
        ..Default::default()
    };
    call!(app.deals.update_deal(request))
}

#[tokio::test]
async fn the_timeline_tells_what_happened_newest_first() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    let owner = Uuid::now_v7().to_string();
    let change = Deal {
        amount: "0.30".to_owned(),
        status: DealStatus::Won.into(),
        owner_user_id: owner.clone(),
        ..Deal::default()
    };
    update(&app, &deal, change).await.unwrap();
    let refused = Deal {
        amount: "7".to_owned(),
        stage: DealStage::Proposal.into(),
        ..Deal::default()
    };
    let refused = update(&app, &deal, refused).await;
    assert_error(refused, Code::FailedPrecondition, "DEAL_CLOSED");
    let comment = app.comment(&deal, " One\n\u{1f642} ").await.unwrap();

    let timeline = app.timeline(&deal).await;
    assert_eq!(timeline[0], comment);
    let numbers: Vec<_> = timeline.iter().map(|activity| activity.number).collect();
    assert_eq!(numbers, [6, 5, 4, 3, 2, 1]);
    for activity in &timeline {
        assert_eq!(
            (&activity.deal_id, &activity.author_user_id),
            (&deal.id, &None)
        );
        assert!(activity.create_time.is_some());
    }
    let mut payloads = timeline.into_iter().rev().map(|a| a.payload.unwrap());
    let mut next = || payloads.next().unwrap();
    assert!(matches!(next(), Payload::DealCreated(created) if created.contact_id.is_none()));
    let Payload::StatusChanged(status) = next() else {
        panic!("no status")
    };
    assert_eq!(status.old_status(), DealStatus::New);
    assert_eq!(status.new_status(), DealStatus::Won);
    let Payload::StageChanged(stage) = next() else {
        panic!("no stage")
    };
    assert_eq!(stage.old_stage(), DealStage::Qualification);
    assert_eq!(stage.new_stage(), DealStage::Closed);
    let Payload::AmountChanged(amount) = next() else {
        panic!("no amount")
    };
    assert_eq!(
        (&*amount.old_amount, &*amount.old_currency),
        ("0.00", "EUR")
    );
    assert_eq!(
        (&*amount.new_amount, &*amount.new_currency),
        ("0.30", "EUR")
    );
    let Payload::OwnerChanged(changed) = next() else {
        panic!("no owner")
    };
    assert_eq!(
        (changed.old_owner_user_id, changed.new_owner_user_id),
        (None, Some(owner))
    );
    assert!(matches!(next(), Payload::Comment(comment) if comment.text == " One\n\u{1f642} "));
}

#[tokio::test]
async fn a_comment_has_1_to_10_000_characters() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    for wrong in ["", " \n\t ", "a\0", "a\u{7}", &"\u{1f642}".repeat(10_001)] {
        assert_invalid(app.comment(&deal, wrong).await, &["text"]);
    }
    for right in ["x", &"\u{1f642}".repeat(10_000)] {
        let written = app.comment(&deal, right).await.unwrap().payload;
        assert!(matches!(written, Some(Payload::Comment(comment)) if comment.text == right));
    }
    assert_eq!(app.timeline(&deal).await.len(), 3);
    let nowhere = Deal {
        id: Uuid::now_v7().to_string(),
        ..Deal::default()
    };
    let outcome = app.comment(&nowhere, "Lost").await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}

/// Mutant: the deal is not locked before the timeline is written.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_have_no_gap_and_no_double() {
    let app = App::start().await;
    let other = App::on(app.database_url.clone()).await;
    let deal = app.deal("Deal").await;
    let write = async |n: usize| {
        let app = [&app, &other][n % 2];
        for round in 0..ROUNDS {
            match (n + round) % 3 {
                0 => drop(app.comment(&deal, "Hello").await.unwrap()),
                1 => drop(app.task(&deal, "Call").await),
                _ => {
                    let amount = format!("{}.00", 1 + n * ROUNDS + round);
                    let change = Deal {
                        amount,
                        ..Deal::default()
                    };
                    update(app, &deal, change).await.unwrap();
                }
            }
        }
    };
    join_all((0..CLIENTS).map(write)).await;
    let timeline = app.timeline(&deal).await;
    let numbers = timeline.iter().map(|activity| activity.number);
    let count = 1 + i64::try_from(CLIENTS * ROUNDS).unwrap();
    assert!(numbers.eq((1..=count).rev()));
    // Each change begins where the one before has ended.
    let mut amount = "0.00".to_owned();
    for activity in timeline.into_iter().rev() {
        if let Some(Payload::AmountChanged(changed)) = activity.payload {
            assert_eq!(changed.old_amount, amount);
            amount = changed.new_amount;
        }
    }
}

#[tokio::test]
async fn pages_go_on_where_they_ended_whatever_is_written_meanwhile() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    for n in 0..6 {
        app.comment(&deal, &n.to_string()).await.unwrap();
    }
    let mut request = ListActivitiesRequest {
        page_size: 3,
        deal_id: deal.id.clone(),
        ..Default::default()
    };
    let mut numbers = Vec::new();
    loop {
        let page = call!(app.activities.list_activities(request.clone())).unwrap();
        numbers.extend(page.activities.into_iter().map(|activity| activity.number));
        app.comment(&deal, "Meanwhile").await.unwrap();
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(numbers, [7, 6, 5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn a_comment_is_written_once() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    let request = CreateCommentRequest {
        deal_id: deal.id.clone(),
        text: "Hello".to_owned(),
        request_id: request_id(),
    };
    let write = async |_| call!(app.activities.create_comment(request.clone())).unwrap();
    let written = join_all((0..8).map(write)).await;
    assert!(written.iter().all(|each| *each == written[0]));
    assert_eq!(app.timeline(&deal).await.len(), 2);
    let other = CreateCommentRequest {
        text: "Other".to_owned(),
        ..request.clone()
    };
    let outcome = call!(app.activities.create_comment(other));
    assert_error(outcome, Code::InvalidArgument, "REQUEST_ID_REUSED");
}

/// Mutant: UPDATE or DELETE granted on it.
#[tokio::test]
async fn the_service_cannot_change_the_timeline() {
    let app = App::start().await;
    app.deal("Deal").await;
    let mut conn = Conn::establish(&app.database_url).await.unwrap();
    let scope =
        format!("SET ROLE minicrm_app; SET minicrm.organization_id = '{DEVELOPMENT_ORGANIZATION}'");
    conn.batch_execute(&scope).await.unwrap();
    for change in [
        "UPDATE activities SET number = 7",
        "DELETE FROM activities",
        "TRUNCATE activities",
    ] {
        let refused = conn.batch_execute(change).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{refused}");
    }
    assert_eq!(
        app.count("SELECT FROM activities WHERE number = 1").await,
        1
    );
}
