//! What gets slower as contacts add up: the same calls on a small and on a
//! large database.

use std::time::{Duration, SystemTime};

use minicrm::proto::{
    GetDistributionRequest, GetOverviewRequest, ListContactsRequest,
    analytics_service_client::AnalyticsServiceClient, contact_service_client::ContactServiceClient,
};

use crate::{
    arguments::Scenario,
    calls::Target,
    cluster::{Shape, id},
    report::{Outcome, Ratio},
    rounds::{Bench, Stage, Subject},
};

const SMALL: usize = 10_000;
const LARGE: usize = 5_000_000;

/// The page that is far from the first; the last one, where there are less.
const FAR_PAGE: usize = 1000;

/// How far back a month goes.
const MONTH: Duration = Duration::from_hours(30 * 24);

/// Lists, statistics and intake at both sizes.
pub async fn growth(bench: &Bench) -> Outcome {
    let large = bench.arguments.existing.unwrap_or(LARGE);
    let mut subjects = Vec::new();
    let mut stages = Vec::new();
    for (name, existing) in [("small", SMALL), ("large", large)] {
        let shape = Shape {
            sources: 10,
            operators: 100,
            existing: Some(existing),
            ..Shape::SMALL
        };
        let stage = bench.stage(name, &shape, 1).await;
        subjects.extend(reads(bench, &stage, existing).await);
        let in_flight = bench.arguments.in_flight(&[64]);
        let name = format!("CreateContact of {existing}");
        subjects.extend(bench.calls(&name, &in_flight, &stage, Target::new_leads));
        // The server runs as long as it is there.
        stages.push(stage);
    }
    let rows = bench.measure(subjects).await;
    let (small, large) = rows.split_at(rows.len() / 2);
    let ratios = small.iter().zip(large).map(|(small, large)| {
        let figure = if large.in_flight > 1 {
            "per_second"
        } else {
            "p50_ms"
        };
        Ratio::new(large, small, figure)
    });
    Outcome {
        scenario: Scenario::Growth,
        ratios: ratios.collect(),
        rows,
    }
}

async fn reads(bench: &Bench, stage: &Stage, existing: usize) -> Vec<Subject> {
    let far = far_page(stage).await;
    let month = GetDistributionRequest {
        start_time: Some((SystemTime::now() - MONTH).into()),
        ..Default::default()
    };
    let of_source = GetDistributionRequest {
        source_id: id(1).to_string(),
        ..Default::default()
    };
    let mut subjects = Vec::new();
    for (name, request) in [("first", page("")), ("far", page(&far))] {
        let name = format!("ListContacts, {name} page, of {existing}");
        subjects.extend(bench.calls(&name, &[1], stage, move |target, client| {
            let request = request.clone();
            target.repeat(client, move |channel| {
                let request = request.clone();
                async move {
                    let mut contacts = ContactServiceClient::new(channel);
                    contacts.list_contacts(request).await.unwrap();
                }
            })
        }));
    }
    for (name, request) in [
        ("all", GetDistributionRequest::default()),
        ("a month", month),
        ("a source", of_source),
    ] {
        let name = format!("GetDistribution, {name}, of {existing}");
        subjects.extend(bench.calls(&name, &[1], stage, move |target, client| {
            let request = request.clone();
            target.repeat(client, move |channel| {
                let request = request.clone();
                async move {
                    let mut analytics = AnalyticsServiceClient::new(channel);
                    analytics.get_distribution(request).await.unwrap();
                }
            })
        }));
    }
    let name = format!("GetOverview of {existing}");
    subjects.extend(bench.calls(&name, &[1], stage, |target, client| {
        target.repeat(client, |channel| async move {
            let mut analytics = AnalyticsServiceClient::new(channel);
            let request = GetOverviewRequest::default();
            analytics.get_overview(request).await.unwrap();
        })
    }));
    subjects
}

/// A page of the contacts of one operator.
fn page(token: &str) -> ListContactsRequest {
    ListContactsRequest {
        page_size: 50,
        page_token: token.to_owned(),
        operator_id: id(1).to_string(),
        ..Default::default()
    }
}

/// The token of the page that is far from the first.
async fn far_page(stage: &Stage) -> String {
    let channel = stage.servers[0].channels()[0].clone();
    let mut contacts = ContactServiceClient::new(channel);
    let mut token = String::new();
    for _ in 1..FAR_PAGE {
        let answer = contacts.list_contacts(page(&token)).await.unwrap();
        let next = answer.into_inner().next_page_token;
        if next.is_empty() {
            break;
        }
        token = next;
    }
    token
}
