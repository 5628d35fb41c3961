//! Servers that are killed, and servers that are replaced.

use crate::{
    TRAFFIC,
    binary::{Process, free_address},
    load::{Load, connection},
    prepare, rounds,
    support::{App, new_database, within},
};

/// Kills the server so often under load.
pub async fn kills(times: usize) {
    let url = new_database().await;
    let address = free_address();
    let settings = [("DATABASE_URL", &*url)];
    let mut process = Process::start(address, &settings).await;
    let app = App::at(connection(address), url.clone());
    let load = Load::start(&[address], &prepare(&app).await);
    for _ in 0..times {
        load.more(TRAFFIC).await;
        process.kill().await;
        process = Process::start(address, &settings).await;
    }
    load.more(TRAFFIC).await;
    load.stop().await.assert_kept(&app).await;
    assert!(process.terminate().await.success());
}

/// Replaces each of two servers so often under load.
pub async fn rolling_restarts(times: usize) {
    let url = new_database().await;
    let addresses = [free_address(), free_address()];
    let settings = [("DATABASE_URL", &*url)];
    let [first, second] = addresses.map(|address| Process::start(address, &settings));
    let mut processes = [Some(first.await), Some(second.await)];
    let app = App::at(connection(addresses[0]), url.clone());
    let load = Load::start(&addresses, &prepare(&app).await);
    for _ in 0..times {
        for (process, address) in processes.iter_mut().zip(addresses) {
            load.more(TRAFFIC).await;
            let ended = process.take().unwrap().terminate();
            assert!(within("its end", ended).await.success());
            *process = Some(Process::start(address, &settings).await);
        }
    }
    load.more(TRAFFIC).await;
    let history = load.stop().await;
    assert_eq!(
        history.acknowledged(),
        history.told.len(),
        "{:?}",
        history.refusals
    );
    history.assert_kept(&app).await;
    for process in processes.into_iter().flatten() {
        assert!(process.terminate().await.success());
    }
}

/// Mutant: an answer given before the commit.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_killed() {
    kills(rounds()).await;
}

/// Nobody who repeats calls notices. Mutant: calls in flight that are cut off.
#[tokio::test(flavor = "multi_thread")]
async fn servers_are_replaced() {
    rolling_restarts(rounds().div_ceil(3)).await;
}
