//! Whose tasks and comments are whose.

use minicrm::proto::{ApiKeyAccess, Role, Task};
use tonic::{Code, Status};

use super::{complete, delete, get, reopen, task, update};
use crate::support::{App, assert_error};

#[track_caller]
fn assert_not_own<T: std::fmt::Debug>(outcome: Result<T, Status>) {
    assert_error(outcome, Code::PermissionDenied, "NOT_OWN");
}

fn to(assignee_user_id: &str) -> Task {
    Task {
        assignee_user_id: assignee_user_id.to_owned(),
        ..Task::default()
    }
}

/// Who is to do it may complete and reopen it and comment on its deal, nothing else; who
/// made it does not matter.
#[tokio::test]
async fn members_work_on_tasks_of_their_own_deals() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let bob = anns.member("bob@example.com", Role::Member).await;
    let bobs = app.of(&bob, &acme);
    let key = anns.key(ApiKeyAccess::Manager).await;
    let service = app.with(&key.secret, "");

    let foreign = [anns.deal("Ann's").await, service.deal("Nobody's").await];
    for deal in &foreign {
        let theirs = Task {
            assignee_user_id: bob.id.clone(),
            ..task(deal)
        };
        assert_not_own(bobs.create_task(theirs.clone()).await);
        assert_not_own(bobs.comment(deal, "Mine?").await);
        let made = anns.create_task(theirs).await.unwrap();
        assert_eq!(get(&bobs, &made).await.unwrap(), made);
        for change in [to(&bob.id), to(&ann.id)] {
            assert_not_own(update(&bobs, &made, change, &[]).await);
        }
        assert_not_own(delete(&bobs, &made).await);
        assert!(complete(&bobs, &made).await.unwrap().done);
        assert!(!reopen(&bobs, &made).await.unwrap().done);
        bobs.comment(deal, "Not mine, but mine to do")
            .await
            .unwrap();
        assert_eq!(bobs.timeline(deal).await.len(), 5);

        // Not any more, and what others are to do never.
        let anns_task = update(&anns, &made, to(&ann.id), &[]).await.unwrap();
        assert_not_own(complete(&bobs, &anns_task).await);
        assert_not_own(reopen(&bobs, &anns_task).await);
        assert_not_own(bobs.comment(deal, "Mine?").await);
        assert_eq!(bobs.timeline(deal).await.len(), 5);
    }

    let own = bobs.deal("Bob's").await;
    let made = anns.task(&own, "Call").await;
    for assignee in [&ann.id, &bob.id] {
        let updated = update(&bobs, &made, to(assignee), &[]).await.unwrap();
        assert_eq!(&updated.assignee_user_id, assignee);
    }
    complete(&bobs, &made).await.unwrap();
    reopen(&bobs, &made).await.unwrap();
    delete(&bobs, &made).await.unwrap();
    bobs.comment(&own, "Mine").await.unwrap();
    service.comment(&own, "Yours").await.unwrap();

    let authors: Vec<_> = anns
        .timeline(&own)
        .await
        .into_iter()
        .rev()
        .map(|activity| activity.author_user_id)
        .collect();
    let [a, b] = [Some(ann.id.clone()), Some(bob.id.clone())];
    assert_eq!(
        authors,
        [b.clone(), a, b.clone(), b.clone(), b.clone(), b, None]
    );
}

#[tokio::test]
async fn tasks_are_for_members() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let anns = app.of(&ann, &app.organization(&ann).await);
    let deal = anns.deal("Deal").await;
    let made = anns.task(&deal, "Call").await;
    let stranger = app.user("stranger@example.com").await;
    let given = Task {
        deal_id: deal.id.clone(),
        title: "Call".to_owned(),
        ..to(&stranger.id)
    };
    for outcome in [
        anns.create_task(given).await,
        update(&anns, &made, to(&stranger.id), &[]).await,
    ] {
        let details = assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
        assert_eq!(details.resource_info().unwrap().resource_type, "member");
    }
    assert_eq!(get(&anns, &made).await.unwrap(), made);
    assert_eq!(anns.timeline(&deal).await.len(), 2);
}
