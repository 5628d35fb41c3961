//! Starting the service.

use crate::{
    arguments::Scenario,
    cluster::Shape,
    report::{Outcome, Row, Sample},
    rounds::Bench,
    server::Server,
};

/// How often it is started.
const STARTS: usize = 5;

/// From the start of the process until it serves, on a database that is
/// migrated.
pub async fn start(bench: &Bench) -> Outcome {
    let stage = bench.stage("service", &Shape::SMALL, 0).await;
    let mut samples = Vec::new();
    for _ in 0..STARTS {
        let server = Server::start(&stage.url, &stage.shape, 1).await;
        let millis = server.started.as_secs_f64() * 1e3;
        samples.push(Sample::from([("p50_ms", millis)]));
    }
    Outcome {
        scenario: Scenario::Start,
        rows: vec![Row::new("start to SERVING".to_owned(), 1, samples)],
        ratios: Vec::new(),
    }
}
