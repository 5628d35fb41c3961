//! What a deal is made of: exact amounts, currencies, references.

use minicrm::proto::{Deal, DealStage, DealStatus, DeleteDealRequest, UpdateDealRequest};
use tonic::Code;
use uuid::Uuid;

use super::{amount, create, deal, get, lead, settle, update, update_paths};
use crate::support::{App, assert_error, assert_invalid, call, mask, request_id};

#[tokio::test]
async fn what_is_not_said_of_a_new_deal_is_filled_in() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let given = Deal {
        title: " A\u{308}  deal ".to_owned(),
        etag: "7".to_owned(),
        ..deal(&lead)
    };
    let made = create(&app, given).await.unwrap();
    let expected = Deal {
        id: made.id.clone(),
        lead_id: lead.id.clone(),
        title: "\u{c4}  deal".to_owned(),
        amount: "0.00".to_owned(),
        currency: "EUR".to_owned(),
        status: DealStatus::New.into(),
        stage: DealStage::Qualification.into(),
        create_time: made.create_time,
        update_time: made.create_time,
        etag: made.etag.clone(),
        ..Deal::default()
    };
    assert_eq!(made, expected);
    assert_eq!(get(&app, &made).await.unwrap(), made);
    let won = Deal {
        amount: "0.01".to_owned(),
        status: DealStatus::Won.into(),
        ..deal(&lead)
    };
    let won = create(&app, won).await.unwrap();
    assert_eq!(won.stage(), DealStage::Closed);
    assert_eq!(won.close_time, won.create_time);
    app.assert_invariants().await;
}

#[tokio::test]
async fn everything_that_is_wrong_is_named() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let wrong = Deal {
        lead_id: "7".to_owned(),
        contact_id: "8".to_owned(),
        owner_user_id: "9".to_owned(),
        title: "\u{7}".repeat(256),
        amount: "1,5".to_owned(),
        currency: "EURO".to_owned(),
        status: 7,
        stage: 8,
        ..Deal::default()
    };
    let all = [
        "deal.lead_id",
        "deal.contact_id",
        "deal.owner_user_id",
        "deal.title",
        "deal.title",
        "deal.amount",
        "deal.currency",
        "deal.status",
        "deal.stage",
    ];
    assert_invalid(create(&app, wrong.clone()).await, &all);
    let id = Deal {
        id: Uuid::now_v7().to_string(),
        ..wrong.clone()
    };
    let fields = ["contact_id", "owner_user_id", "title", "amount", "currency"];
    let fields = [&fields[..], &["lead_id", "status", "stage", "colour"]].concat();
    let named = [&all[..], &["update_mask"]].concat();
    assert_invalid(update_paths(&app, &id, wrong, &fields).await, &named);
    assert_invalid(create(&app, Deal::default()).await, &["deal", "deal.title"]);

    let made = create(&app, deal(&lead)).await.unwrap();
    let cleared = ["title", "currency", "status", "stage"];
    let paths = cleared.map(|field| format!("deal.{field}"));
    let outcome = update_paths(&app, &made, Deal::default(), &cleared).await;
    assert_invalid(outcome, &paths.each_ref().map(String::as_str));
    let unknown = Uuid::now_v7().to_string();
    let elsewhere = [
        Deal {
            lead_id: unknown.clone(),
            ..deal(&lead)
        },
        Deal {
            contact_id: unknown.clone(),
            ..deal(&lead)
        },
    ];
    for deal in elsewhere {
        assert_error(
            create(&app, deal).await,
            Code::NotFound,
            "RESOURCE_NOT_FOUND",
        );
    }
    let other = Deal {
        lead_id: unknown,
        ..Deal::default()
    };
    assert_invalid(update(&app, &made, other).await, &["deal.lead_id"]);
    let same = Deal {
        title: "Same".to_owned(),
        ..deal(&lead)
    };
    assert_eq!(update(&app, &made, same).await.unwrap().title, "Same");
}

#[tokio::test]
async fn an_organization_settles_its_currencies() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let of = |currency: &str| Deal {
        currency: currency.to_owned(),
        ..deal(&lead)
    };
    let old = create(&app, of("GBP")).await.unwrap();
    assert_invalid(
        settle(&app, "EUR", &["USD", "CHF"]).await,
        &["organization.currencies"],
    );
    let settled = settle(&app, "USD", &["USD", "CHF", "USD"]).await.unwrap();
    assert_eq!(settled.currencies, ["CHF", "USD"]);
    assert_eq!(create(&app, of("")).await.unwrap().currency, "USD");
    assert_eq!(create(&app, of("CHF")).await.unwrap().currency, "CHF");
    assert_invalid(create(&app, of("EUR")).await, &["deal.currency"]);
    // A deal keeps the one it has.
    let kept = update(&app, &old, amount("5")).await.unwrap();
    assert_eq!((&*kept.amount, &*kept.currency), ("5.00", "GBP"));
    let euro = Deal {
        currency: "EUR".to_owned(),
        ..Deal::default()
    };
    assert_invalid(update(&app, &old, euro).await, &["deal.currency"]);
    assert_eq!(settle(&app, "EUR", &[]).await.unwrap().currencies, [""; 0]);
    create(&app, of("EUR")).await.unwrap();
}

#[tokio::test]
async fn changes_are_made_once_and_not_to_stale_deals() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let made = create(&app, deal(&lead)).await.unwrap();
    let stale = Deal {
        etag: made.etag.clone(),
        ..amount("2")
    };
    let mut request = UpdateDealRequest {
        deal: Some(Deal {
            id: made.id.clone(),
            ..stale.clone()
        }),
        update_mask: mask(&["amount"]),
        request_id: request_id(),
    };
    let updated = call!(app.deals.update_deal(request.clone())).unwrap();
    assert_eq!(updated.amount, "2.00");
    assert_ne!(updated.etag, made.etag);
    // The same again is answered, though the etag is stale by now.
    let again = call!(app.deals.update_deal(request.clone())).unwrap();
    assert_eq!(again, updated);
    request.deal = Some(amount("3"));
    let reused = call!(app.deals.update_deal(request)).unwrap_err();
    assert_eq!(reused.code(), Code::InvalidArgument);
    let outcome = update(&app, &made, stale).await;
    assert_error(outcome, Code::Aborted, "ETAG_MISMATCH");
    let delete = async |etag: &str| {
        let request = DeleteDealRequest {
            id: made.id.clone(),
            etag: etag.to_owned(),
            ..Default::default()
        };
        call!(app.deals.delete_deal(request))
    };
    assert_error(delete(&made.etag).await, Code::Aborted, "ETAG_MISMATCH");
    assert_eq!(get(&app, &made).await.unwrap(), updated);
    // Nothing is changed if nothing is named.
    assert_eq!(update(&app, &made, Deal::default()).await.unwrap(), updated);
    delete(&updated.etag).await.unwrap();
    let gone = get(&app, &made).await;
    assert_error(gone, Code::NotFound, "RESOURCE_NOT_FOUND");
    app.assert_invariants().await;
}
