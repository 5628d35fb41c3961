//! More calls than can be answered.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use minicrm::proto::ListLeadsRequest;
use tokio::task::JoinSet;
use tonic::Code;

use crate::{
    TRAFFIC,
    binary::{Process, free_address},
    load::{Load, connection, said_by_server},
    prepare, rounds,
    support::{App, call, new_database, within},
};

/// Callers who do nothing but call.
struct Flood {
    callers: JoinSet<()>,
    refused: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Flood {
    /// So many of them, as this caller.
    fn start(app: &App, callers: usize) -> Self {
        let mut flood = Self {
            callers: JoinSet::new(),
            refused: Arc::default(),
            stopped: Arc::default(),
        };
        for _ in 0..callers {
            let (app, refused) = (app.clone(), Arc::clone(&flood.refused));
            let stopped = Arc::clone(&flood.stopped);
            flood.callers.spawn(async move {
                while !stopped.load(Ordering::SeqCst) {
                    let request = ListLeadsRequest::default();
                    if let Err(status) = call!(app.leads.list_leads(request)) {
                        // Nothing else is wrong.
                        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
                        assert!(said_by_server(&status));
                        refused.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        flood
    }

    /// Ends it: how many calls were refused.
    async fn stop(self) -> usize {
        self.stopped.store(true, Ordering::SeqCst);
        within("all callers", self.callers.join_all()).await;
        self.refused.load(Ordering::SeqCst)
    }
}

/// Mutant: no limit of calls in flight.
#[tokio::test(flavor = "multi_thread")]
async fn ten_times_too_many_calls_are_refused_and_the_others_answered() {
    let url = new_database().await;
    let address = free_address();
    let settings = [("DATABASE_URL", &*url), ("MINICRM_MAX_IN_FLIGHT", "16")];
    let process = Process::start(address, &settings).await;
    let app = App::at(connection(address), url.clone());
    let request = prepare(&app).await;
    let flood = Flood::start(&app, 160);
    let load = Load::start(&[address], &request);
    for _ in 0..rounds() {
        load.more(TRAFFIC).await;
    }
    assert!(flood.stop().await > 0, "void: nothing was too much");
    load.more(TRAFFIC).await;
    let history = load.stop().await;
    history.assert_said(&[Code::ResourceExhausted]);
    history.assert_kept(&app).await;
    assert!(process.terminate().await.success());
}
