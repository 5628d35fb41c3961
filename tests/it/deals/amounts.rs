//! Amounts are exact, in currencies that are in use.

use minicrm::proto::{
    Deal, DealStatus, GetDealSummaryRequest, ListDealsRequest, Organization,
    UpdateOrganizationRequest,
};

use super::{amount, create, deal, get, lead, settle, status, update, update_paths};
use crate::support::{App, assert_invalid, call};

#[tokio::test]
async fn amounts_are_exact_and_fit_their_currency() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let of = |amount: &str, currency: &str| Deal {
        amount: amount.to_owned(),
        currency: currency.to_owned(),
        ..deal(&lead)
    };
    for (given, currency, kept) in [
        ("0", "EUR", "0.00"),
        ("0.1", "EUR", "0.10"),
        ("007.07", "USD", "7.07"),
        ("9999999999999.99", "EUR", "9999999999999.99"),
        ("9007199254740.93", "EUR", "9007199254740.93"),
        ("7", "JPY", "7"),
        ("7.00", "JPY", "7"),
        ("1.23", "KWD", "1.230"),
        ("1.234", "BHD", "1.234"),
        ("9999999999999.999", "KWD", "9999999999999.999"),
    ] {
        let made = create(&app, of(given, currency)).await.unwrap();
        assert_eq!(made.amount, kept, "{given} {currency}");
        assert_eq!(get(&app, &made).await.unwrap().amount, kept);
    }
    for (given, currency) in [
        ("-0.01", "EUR"),
        ("0.001", "EUR"),
        ("0.1", "JPY"),
        ("1.2345", "KWD"),
        ("10000000000000", "EUR"),
        ("1e2", "EUR"),
        ("NaN", "EUR"),
    ] {
        let outcome = create(&app, of(given, currency)).await;
        assert_invalid(outcome, &["deal.amount"]);
    }
    // What is judged is what the deal would be.
    let made = create(&app, of("10.50", "EUR")).await.unwrap();
    let yen = Deal {
        currency: "JPY".to_owned(),
        ..Deal::default()
    };
    assert_invalid(update(&app, &made, yen).await, &["deal.amount"]);
    let yen = Deal {
        currency: "JPY".to_owned(),
        ..amount("10")
    };
    let yen = update(&app, &made, yen).await.unwrap();
    assert_eq!((&*yen.amount, &*yen.currency), ("10", "JPY"));
    assert_invalid(update(&app, &made, amount("0.5")).await, &["deal.amount"]);
    let cleared = update_paths(&app, &made, Deal::default(), &["amount"]).await;
    assert_eq!(cleared.unwrap().amount, "0");
    app.assert_invariants().await;
}

/// Mutant: the exact amount believed though the version before has written another.
#[tokio::test]
async fn the_third_digit_is_listed_counted_and_won() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let of = |amount: &str| Deal {
        amount: amount.to_owned(),
        currency: "KWD".to_owned(),
        ..deal(&lead)
    };
    let mut made = Vec::new();
    for amount in ["1.233", "1.235", "1.234", "1.23", "0.001"] {
        made.push(create(&app, of(amount)).await.unwrap());
    }
    let won = update(&app, &made[4], status(DealStatus::Won)).await;
    assert_eq!(won.unwrap().amount, "0.001");
    let list = async |min: &str, max: &str| {
        let request = ListDealsRequest {
            min_amount: min.to_owned(),
            max_amount: max.to_owned(),
            order_by: "amount asc".to_owned(),
            ..Default::default()
        };
        let deals = call!(app.deals.list_deals(request)).unwrap().deals;
        deals
            .into_iter()
            .map(|deal| deal.amount)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        list("", "").await,
        ["0.001", "1.230", "1.233", "1.234", "1.235"]
    );
    assert_eq!(list("1.231", "1.234").await, ["1.233", "1.234"]);
    let sum = async || {
        let request = GetDealSummaryRequest::default();
        let summary = call!(app.analytics.get_deal_summary(request)).unwrap();
        let sums = &summary.currencies[0];
        (sums.amount.clone(), sums.average_won_amount.clone())
    };
    assert_eq!(sum().await, ("4.933".to_owned(), "0.001".to_owned()));
    app.assert_invariants().await;

    // A process of the version before changes one amount, and keeps another.
    app.execute(
        "UPDATE deals SET amount = CASE amount_thousandths WHEN 1235 THEN 5 ELSE amount END",
    )
    .await;
    assert_eq!(list("1.234", "").await, ["1.234", "5.000"]);
    assert_ne!(app.verify(true).await, "");
    assert_eq!(sum().await.0, "8.698");
}

#[tokio::test]
async fn currencies_and_time_zones_are_those_in_use() {
    let app = App::start().await;
    let lead = lead(&app).await;
    for currency in ["XXX", "XAU", "XTS", "CLF", "HRK", "BGN", "ZWL", "DEM"] {
        let made = Deal {
            currency: currency.to_owned(),
            ..deal(&lead)
        };
        assert_invalid(create(&app, made).await, &["deal.currency"]);
        let fields = ["organization.default_currency"];
        assert_invalid(settle(&app, currency, &[]).await, &fields);
        let fields = ["organization.currencies"];
        assert_invalid(settle(&app, "EUR", &["EUR", currency]).await, &fields);
    }
    let settle_zone = async |time_zone: &str| {
        let request = UpdateOrganizationRequest {
            organization: Some(Organization {
                time_zone: time_zone.to_owned(),
                ..Organization::default()
            }),
            ..Default::default()
        };
        call!(app.organizations.update_organization(request))
    };
    for zone in [
        "localtime",
        "posixrules",
        "Factory",
        "posix/Europe/Berlin",
        "right/UTC",
        "Nowhere",
    ] {
        assert_invalid(settle_zone(zone).await, &["organization.time_zone"]);
    }
    for zone in ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"] {
        assert_eq!(settle_zone(zone).await.unwrap().time_zone, zone);
    }
}
