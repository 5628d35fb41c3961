//! What the process does beside its calls for counts to stay cheap to read.

use super::{Process, channel, free_address};
use crate::support::{App, FOLDING, development, new_database, until};

async fn until_folded(app: &App) {
    until("all changes are folded", async || app.unfolded().await == 0).await;
}

/// Mutants: nobody does; only in organizations where the process counted something.
#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_folded_before_long() {
    let url = new_database().await;
    let app = App::holding_back(url.clone(), development(), &FOLDING).await;
    let source = app.source("bot", &[]).await;
    app.contact(&source).await;
    let address = free_address();
    let process = Process::start(address, &[("DATABASE_URL", &url)]).await;
    until_folded(&app).await;
    let served = App::at(channel(address), url);
    for _ in 0..3 {
        let contact = served.contact(&source).await;
        served.close(&contact).await;
        until_folded(&app).await;
    }
    assert!(process.terminate().await.success());
    app.assert_invariants().await;
}
