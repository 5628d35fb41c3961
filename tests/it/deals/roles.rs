//! Whose deals are whose, and who may move them back.

use minicrm::proto::{ApiKeyAccess, Deal, DealStage, DealStatus, DeleteDealRequest, Role};
use tonic::{Code, Status};

use super::{amount, create, deal, get, lead, reopen, stage, status, update, update_paths};
use crate::support::{App, assert_error, call};

#[track_caller]
fn denied<T: std::fmt::Debug>(outcome: Result<T, Status>, reason: &str) {
    assert_error(outcome, Code::PermissionDenied, reason);
}

fn owned(owner_user_id: &str) -> Deal {
    Deal {
        owner_user_id: owner_user_id.to_owned(),
        ..Deal::default()
    }
}

async fn delete(app: &App, deal: &Deal) -> Result<(), Status> {
    let request = DeleteDealRequest {
        id: deal.id.clone(),
        ..Default::default()
    };
    call!(app.deals.delete_deal(request))
}

#[tokio::test]
async fn members_change_their_own_deals_and_see_all() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let bob = anns.member("bob@example.com", Role::Member).await;
    let max = anns.member("max@example.com", Role::Manager).await;
    let (bobs, maxs) = (app.of(&bob, &acme), app.of(&max, &acme));
    let lead = lead(&anns).await;

    let own = create(&bobs, deal(&lead)).await.unwrap();
    assert_eq!(own.owner_user_id, bob.id);
    let given = Deal {
        owner_user_id: ann.id.clone(),
        ..deal(&lead)
    };
    denied(create(&bobs, given.clone()).await, "NOT_OWN");
    let anns_deal = create(&maxs, given).await.unwrap();
    let key = anns.key(ApiKeyAccess::Manager).await;
    let nobodys = create(&app.with(&key.secret, ""), deal(&lead))
        .await
        .unwrap();
    assert_eq!(nobodys.owner_user_id, "");
    for foreign in [&anns_deal, &nobodys] {
        assert_eq!(get(&bobs, foreign).await.unwrap(), *foreign);
        for change in [
            amount("1"),
            status(DealStatus::InProgress),
            stage(DealStage::Proposal),
            owned(&bob.id),
            // Even if nothing would change.
            status(DealStatus::New),
        ] {
            denied(update(&bobs, foreign, change).await, "NOT_OWN");
        }
        denied(delete(&bobs, foreign).await, "NOT_OWN");
    }
    update(&bobs, &own, amount("1")).await.unwrap();
    denied(update(&bobs, &own, owned(&ann.id)).await, "NOT_OWN");
    let nobody = update_paths(&bobs, &own, Deal::default(), &["owner_user_id"]).await;
    denied(nobody, "NOT_OWN");
    // Managers give deals to whom they like, if they are members.
    let stranger = app.user("stranger@example.com").await;
    let outcome = update(&maxs, &own, owned(&stranger.id)).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    update(&maxs, &own, owned(&ann.id)).await.unwrap();
    denied(update(&bobs, &own, amount("2")).await, "NOT_OWN");
    delete(&maxs, &anns_deal).await.unwrap();
    anns.assert_invariants().await;
}

#[tokio::test]
async fn owners_and_admins_move_deals_back_and_reopen_them() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let lead = lead(&anns).await;
    let mut callers = vec![("owner", anns.clone(), ann.id.clone(), true)];
    for (name, role, may) in [
        ("admin", Role::Admin, true),
        ("manager", Role::Manager, false),
        ("member", Role::Member, false),
    ] {
        let person = anns.member(&format!("{name}@example.com"), role).await;
        callers.push((name, app.of(&person, &acme), person.id, may));
    }
    for (name, access, may) in [
        ("admin key", ApiKeyAccess::Admin, true),
        ("manager key", ApiKeyAccess::Manager, false),
    ] {
        let secret = anns.key(access).await.secret;
        callers.push((name, app.with(&secret, ""), ann.id.clone(), may));
    }
    for (name, by, owner, may) in callers {
        let theirs = Deal {
            owner_user_id: owner,
            amount: "1".to_owned(),
            ..deal(&lead)
        };
        let made = create(&anns, theirs).await.unwrap();
        for forward in [DealStage::Negotiation, DealStage::Negotiation] {
            update(&by, &made, stage(forward)).await.unwrap();
        }
        let with_amount = Deal {
            stage: DealStage::Proposal.into(),
            ..amount("7")
        };
        let back = update(&by, &made, with_amount).await;
        let closed = async || {
            update(&by, &made, status(DealStatus::Won)).await.unwrap();
            reopen(&by, &made, DealStage::Unspecified).await
        };
        if may {
            assert_eq!(back.unwrap().amount, "7.00", "{name}");
            // It has been further.
            assert_eq!(closed().await.unwrap().stage(), DealStage::Negotiation);
        } else {
            denied(back, "STAGE_ROLLBACK");
            assert_eq!(get(&anns, &made).await.unwrap().amount, "1.00");
            denied(closed().await, "ROLE_DENIED");
        }
    }
    anns.assert_invariants().await;
}
