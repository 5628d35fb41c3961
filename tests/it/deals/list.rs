//! `ListDeals`, against a list kept by the test.

use std::cmp::Ordering;

use minicrm::proto::{Deal, DealStage, DealStatus, ListDealsRequest};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use uuid::Uuid;

use super::{amount, create, deal, lead, stage, status, update, update_paths};
use crate::support::{App, assert_invalid, call};

/// All pages of a list.
async fn all(app: &App, mut request: ListDealsRequest) -> Vec<Deal> {
    let mut deals = Vec::new();
    request.include_total = true;
    loop {
        let page = call!(app.deals.list_deals(request.clone())).unwrap();
        assert!(page.deals.len() <= 7);
        deals.extend(page.deals);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            let total = (page.total_size, page.total_size_is_lower_bound);
            assert_eq!(total, (i64::try_from(deals.len()).unwrap(), false));
            return deals;
        }
    }
}

fn cents(deal: &Deal) -> i64 {
    let (whole, _) = deal.amount.split_once('.').unwrap();
    whole.parse::<i64>().unwrap() * 100
}

fn time(time: Option<prost_types::Timestamp>) -> (i64, i32) {
    time.map(|time| (time.seconds, time.nanos)).unwrap()
}

/// Some deals of some owners, in all states.
async fn some_deals(app: &App) -> Vec<Deal> {
    let mut rng = SmallRng::seed_from_u64(7);
    let leads = [lead(app).await, lead(app).await];
    let owners = [Uuid::now_v7(), Uuid::now_v7()].map(|id| id.to_string());
    let currencies = ["EUR", "KWD"];
    let titles = ["Blue Car", "RED car, 100%", "A b"];
    let mut deals = Vec::new();
    for _ in 0..60 {
        let made = Deal {
            // Few amounts, so that many are equal.
            amount: format!("{}.00", rng.random_range(1..6)),
            owner_user_id: owners[rng.random_range(0..2)].clone(),
            currency: currencies[rng.random_range(0..2)].to_owned(),
            title: titles[rng.random_range(0..3)].to_owned(),
            ..deal(&leads[rng.random_range(0..2)])
        };
        deals.push(create(app, made).await.unwrap());
    }
    // Those of services have no owner.
    for deal in &mut deals[..20] {
        deal.owner_user_id.clear();
        let owner = Deal::default();
        *deal = update_paths(app, deal, owner, &["owner_user_id"])
            .await
            .unwrap();
    }
    for _ in 0..60 {
        let deal = &mut deals[rng.random_range(0..60)];
        let change = match rng.random_range(0..6) {
            0 => status(DealStatus::InProgress),
            1 => status(DealStatus::Won),
            2 => status(DealStatus::Lost),
            3 => stage(DealStage::Proposal),
            4 => stage(DealStage::Closed),
            _ => amount("3"),
        };
        // Some of it is refused.
        if let Ok(updated) = update(app, deal, change).await {
            *deal = updated;
        }
    }
    deals
}

/// Each filter by itself, and some together.
fn requests(deals: &[Deal]) -> Vec<ListDealsRequest> {
    let middle = deals[20].create_time;
    vec![
        ListDealsRequest::default(),
        ListDealsRequest {
            statuses: vec![DealStatus::Won.into(), DealStatus::InProgress.into()],
            ..Default::default()
        },
        ListDealsRequest {
            stages: vec![DealStage::Proposal.into(), DealStage::Closed.into()],
            statuses: vec![DealStatus::New.into(), DealStatus::Lost.into()],
            ..Default::default()
        },
        ListDealsRequest {
            owner_user_id: deals[30].owner_user_id.clone(),
            min_amount: "2".to_owned(),
            ..Default::default()
        },
        ListDealsRequest {
            lead_id: deals[0].lead_id.clone(),
            stages: vec![DealStage::Qualification.into()],
            max_amount: "3.00".to_owned(),
            ..Default::default()
        },
        ListDealsRequest {
            min_amount: "2.00".to_owned(),
            max_amount: "4".to_owned(),
            create_time_after: middle,
            ..Default::default()
        },
        ListDealsRequest {
            owner_user_id: deals[30].owner_user_id.clone(),
            lead_id: deals[30].lead_id.clone(),
            create_time_before: deals[50].create_time,
            ..Default::default()
        },
        ListDealsRequest {
            without_owner: true,
            ..Default::default()
        },
        ListDealsRequest {
            currency: "KWD".to_owned(),
            min_amount: "2.000".to_owned(),
            ..Default::default()
        },
        ListDealsRequest {
            currency: "KWD".to_owned(),
            without_owner: true,
            ..Default::default()
        },
        ListDealsRequest {
            currency: "EUR".to_owned(),
            owner_user_id: deals[30].owner_user_id.clone(),
            ..Default::default()
        },
        ListDealsRequest {
            search: "CAR".to_owned(),
            ..Default::default()
        },
        ListDealsRequest {
            search: "0%".to_owned(),
            ..Default::default()
        },
        ListDealsRequest {
            search: "e c".to_owned(),
            currency: "EUR".to_owned(),
            ..Default::default()
        },
        ListDealsRequest {
            search: "d car".to_owned(),
            lead_id: deals[0].lead_id.clone(),
            ..Default::default()
        },
        ListDealsRequest {
            search: "car".to_owned(),
            without_owner: true,
            max_amount: "4".to_owned(),
            ..Default::default()
        },
    ]
}

#[tokio::test]
async fn every_filter_and_order_gives_what_it_names_once() {
    let app = App::start().await;
    let deals = some_deals(&app).await;
    for request in requests(&deals) {
        let mut expected: Vec<_> = deals.iter().filter(|deal| fits(deal, &request)).collect();
        assert!(expected.len() > 3, "{request:?}");
        for order in ["create_time", "update_time", "amount"] {
            let key = |deal: &Deal| match order {
                "amount" => (cents(deal), 0),
                "update_time" => time(deal.update_time),
                _ => time(deal.create_time),
            };
            let compare =
                |a: &&Deal, b: &&Deal| -> Ordering { (key(a), &a.id).cmp(&(key(b), &b.id)) };
            expected.sort_by(compare);
            for direction in ["asc", "desc"] {
                let request = ListDealsRequest {
                    page_size: 7,
                    order_by: format!("{order} {direction}"),
                    ..request.clone()
                };
                let listed = all(&app, request).await;
                let listed: Vec<_> = listed.iter().collect();
                assert_eq!(listed, expected, "{order} {direction}");
                expected.reverse();
            }
        }
    }
    let newest = call!(app.deals.list_deals(ListDealsRequest::default())).unwrap();
    assert_eq!(newest.deals[0].id, deals[59].id);
    assert_eq!(newest.deals.len(), 50);
    app.assert_invariants().await;
}

fn fits(deal: &Deal, request: &ListDealsRequest) -> bool {
    let whole = |text: &str| text.split('.').next().unwrap().parse::<i64>().ok();
    let hundred = |text: &str| whole(text).map(|whole| whole * 100);
    (request.statuses.is_empty() || request.statuses.contains(&deal.status))
        && (request.stages.is_empty() || request.stages.contains(&deal.stage))
        && (request.owner_user_id.is_empty() || request.owner_user_id == deal.owner_user_id)
        && (!request.without_owner || deal.owner_user_id.is_empty())
        && (request.currency.is_empty() || request.currency == deal.currency)
        && deal
            .title
            .to_lowercase()
            .contains(&request.search.to_lowercase())
        && (request.lead_id.is_empty() || request.lead_id == deal.lead_id)
        && hundred(&request.min_amount).is_none_or(|min| cents(deal) >= min)
        && hundred(&request.max_amount).is_none_or(|max| cents(deal) <= max)
        && (request.create_time_after.is_none()
            || time(deal.create_time) >= time(request.create_time_after))
        && (request.create_time_before.is_none()
            || time(deal.create_time) < time(request.create_time_before))
}

#[tokio::test]
async fn a_list_that_makes_no_sense_is_refused() {
    let app = App::start().await;
    let wrong = ListDealsRequest {
        page_size: -1,
        page_token: "7".to_owned(),
        statuses: vec![0, 7],
        stages: vec![9],
        owner_user_id: "7".to_owned(),
        lead_id: "7".to_owned(),
        min_amount: "-1".to_owned(),
        max_amount: "many".to_owned(),
        order_by: "title".to_owned(),
        without_owner: true,
        currency: "euro".to_owned(),
        search: "\0".to_owned(),
        ..Default::default()
    };
    let fields = [
        "page_size",
        "page_token",
        "statuses",
        "statuses",
        "stages",
        "owner_user_id",
        "lead_id",
        "min_amount",
        "max_amount",
        "order_by",
        "without_owner",
        "currency",
        "search",
    ];
    assert_invalid(call!(app.deals.list_deals(wrong)), &fields);
}
