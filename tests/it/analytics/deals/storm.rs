//! Deals are counted right, whatever happens at once.

use minicrm::proto::{Deal, DealStage, DealStatus, DeleteDealRequest, GetDealSummaryRequest};
use tokio::task::JoinSet;
use tonic::{Code, Status};
use uuid::Uuid;

use super::{STAGES, summary};
use crate::{
    deals::{amount, create, deal, lead, reopen, stage, status, update},
    support::{App, call},
};

const CLIENTS: usize = 16;

async fn delete(app: &App, deal: &Deal) -> Result<(), Status> {
    let request = DeleteDealRequest {
        id: deal.id.clone(),
        ..Default::default()
    };
    call!(app.deals.delete_deal(request))
}

/// Lets clients do everything to all of these deals; ends with them.
fn storm(apps: &[App], deals: &[Deal]) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        let (app, deals) = (apps[n % apps.len()].clone(), deals.to_vec());
        clients.spawn(async move {
            for step in 0..40 {
                let one = &deals[(n * 7 + step * 13) % deals.len()];
                let outcome = match (n + step) % 8 {
                    0 => update(&app, one, status(DealStatus::Won)).await.map(drop),
                    1 => update(&app, one, stage(STAGES[step % 3])).await.map(drop),
                    2 | 3 => reopen(&app, one, DealStage::Proposal).await.map(drop),
                    4 => update(&app, one, status(DealStatus::InProgress))
                        .await
                        .map(drop),
                    5 if step % 16 == 0 => delete(&app, one).await,
                    6 => {
                        let owner = Deal {
                            owner_user_id: Uuid::from_u128(n as u128 + 1).to_string(),
                            ..Deal::default()
                        };
                        update(&app, one, owner).await.map(drop)
                    }
                    7 => {
                        let lead_id = one.lead_id.clone();
                        let new = Deal {
                            lead_id,
                            ..one.clone()
                        };
                        create(&app, new).await.map(drop)
                    }
                    _ => update(&app, one, amount(&format!("{step}.{n:02}")))
                        .await
                        .map(drop),
                };
                if let Err(status) = outcome {
                    let codes = [Code::FailedPrecondition, Code::NotFound];
                    assert!(codes.contains(&status.code()), "{status:?}");
                }
            }
        });
    }
    clients
}

async fn some_deals(app: &App, count: usize) -> Vec<Deal> {
    let lead = lead(app).await;
    let mut deals = Vec::new();
    for _ in 0..count {
        deals.push(create(app, deal(&lead)).await.unwrap());
    }
    deals
}

/// Mutants: what a deal was is read before it is locked; counts that are read and
/// written back.
#[tokio::test(flavor = "multi_thread")]
async fn counts_of_deals_stay_right_whatever_happens_at_once() {
    let app = App::start().await;
    let other = App::on(app.database_url.clone()).await;
    let apps = [app.clone(), other];
    let many = some_deals(&app, 40).await;
    let few = some_deals(&app, 2).await;
    let clients = storm(&apps, &many);
    let more = storm(&apps, &few);
    // Every answer is of one moment: its parts add up.
    for _ in 0..50 {
        for sums in summary(&app, GetDealSummaryRequest::default())
            .await
            .currencies
        {
            let deals: i64 = sums.by_status.iter().map(|status| status.deals).sum();
            assert_eq!((deals, sums.new_deals), (sums.deals, sums.deals));
        }
    }
    more.join_all().await;
    clients.join_all().await;
    app.assert_invariants().await;
}

/// Mutant: a repair that does not lock the organization.
#[tokio::test(flavor = "multi_thread")]
async fn counts_of_deals_are_repaired_whatever_happens_meanwhile() {
    let app = App::start().await;
    let deals = some_deals(&app, 40).await;
    app.execute(
        "DELETE FROM deal_counts WHERE span = 'HOUR';
         UPDATE deal_counts SET deals = deals + 3, amount = 0.05 WHERE span = 'ALL'",
    )
    .await;
    let mut clients = storm(std::slice::from_ref(&app), &deals);
    for _ in 0..3 {
        let app = app.clone();
        clients.spawn(async move {
            app.verify(true).await;
        });
    }
    clients.join_all().await;
    app.assert_invariants().await;
}
