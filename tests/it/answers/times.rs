//! Every timestamp that a request takes may be the last that there is.

use minicrm::proto::{
    ApiKey, ApiKeyAccess, CreateApiKeyRequest, GetDealFunnelRequest, GetDealSummaryRequest,
    GetDistributionRequest, ListContactsRequest, ListDealsRequest,
};
use prost_types::Timestamp;

use crate::support::{App, assert_invalid, call};

const LAST: Timestamp = Timestamp {
    seconds: 253_402_300_799,
    nanos: 999_999_999,
};
const FIRST: Timestamp = Timestamp {
    seconds: -62_135_596_800,
    nanos: 0,
};

/// Mutant: the next microsecond, which is of the year 10000.
#[tokio::test]
async fn the_last_nanosecond_is_a_time() {
    let app = App::start().await;
    let source = app.source("bot", &[]).await;
    app.contact(&source).await;
    app.deal("Deal").await;
    for (after, before, found) in [
        (None, Some(LAST), 1),
        (Some(FIRST), Some(LAST), 1),
        (Some(LAST), None, 0),
        (Some(LAST), Some(LAST), 0),
        (None, Some(FIRST), 0),
    ] {
        let request = ListContactsRequest {
            create_time_after: after,
            create_time_before: before,
            ..Default::default()
        };
        assert_eq!(app.list_contacts(request).await.len(), found);
        let request = ListDealsRequest {
            create_time_after: after,
            create_time_before: before,
            ..Default::default()
        };
        let deals = call!(app.deals.list_deals(request)).unwrap().deals;
        assert_eq!(deals.len(), found);
        let request = GetDistributionRequest {
            start_time: after,
            end_time: before,
            ..Default::default()
        };
        let shares = call!(app.analytics.get_distribution(request)).unwrap();
        assert_eq!(shares.backlogs.len(), found);
        let request = GetDealSummaryRequest {
            start_time: after,
            end_time: before,
            ..Default::default()
        };
        let summary = call!(app.analytics.get_deal_summary(request)).unwrap();
        assert_eq!(summary.currencies.len(), found);
        let request = GetDealFunnelRequest {
            start_time: after,
            end_time: before,
            ..Default::default()
        };
        let funnel = call!(app.analytics.get_deal_funnel(request)).unwrap();
        assert_eq!(funnel.currencies.len(), found);
    }
    for (seconds, nanos) in [
        (LAST.seconds + 1, 0),
        (FIRST.seconds - 1, 0),
        (0, 1_000_000_000),
    ] {
        let request = ListContactsRequest {
            create_time_before: Some(Timestamp { seconds, nanos }),
            ..Default::default()
        };
        let outcome = call!(app.contacts.list_contacts(request));
        assert_invalid(outcome, &["create_time_before"]);
    }

    let app = App::secure().await;
    let owner = app.user("ann@example.org").await;
    let organization = app.organization(&owner).await;
    let app = app.of(&owner, &organization);
    let request = CreateApiKeyRequest {
        api_key: Some(ApiKey {
            name: "Bot".to_owned(),
            access: ApiKeyAccess::Intake.into(),
            expire_time: Some(LAST),
            ..ApiKey::default()
        }),
        ..Default::default()
    };
    let made = call!(app.organizations.create_api_key(request)).unwrap();
    let expires = made.api_key.unwrap().expire_time.unwrap();
    assert_eq!(
        (expires.seconds, expires.nanos),
        (LAST.seconds, 999_999_000)
    );
}
