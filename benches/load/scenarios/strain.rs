//! More than the server can take, one tenant who is stuck, and a long time.

use std::sync::Arc;

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::platform::db::Conn;
use tokio::task::JoinSet;

use crate::{
    arguments::Scenario,
    calls::{Client, Target},
    cluster::{Shape, id},
    report::{Outcome, Ratio, Row},
    rounds::{Bench, Stage, Subject},
};

/// As many calls as a server on two cores lets in.
const FULL: usize = 600;
/// Ten times as many.
const OVERLOAD: usize = 10 * FULL;
/// A client with a number, and the source whose organization it belongs to.
type CallOf = fn(&Target, usize, usize) -> Client;

/// Callers of the organization that is stuck.
const STUCK: usize = 256;

/// Ten times as many callers as are let in; those who are refused come again.
pub async fn overload(bench: &Bench) -> Outcome {
    let stage = bench.stage("service", &Shape::SMALL, 1).await;
    let in_flight = bench.arguments.in_flight(&[FULL, OVERLOAD]);
    let client = |target: &Target, client| target.create_patiently(client, 1);
    let subjects = bench.calls("CreateContact", &in_flight, &stage, client);
    let rows = bench.measure(subjects).await;
    let (full, beyond) = rows.split_at(1);
    let ratio = |beyond| {
        ["per_second", "p99_ms"]
            .into_iter()
            .map(move |figure| Ratio::new(beyond, &full[0], figure))
    };
    Outcome {
        scenario: Scenario::Overload,
        ratios: beyond.iter().flat_map(ratio).collect(),
        rows,
    }
}

/// What another organization's calls take beside one whose operators are locked, and
/// who calls all the same.
pub async fn stuck(bench: &Bench) -> Outcome {
    let shape = Shape {
        organizations: 2,
        sources: 2,
        operators: 20,
        contacts: 2000,
        ..Shape::SMALL
    };
    let stage = bench.stage("service", &shape, 1).await;
    let in_flight = bench.arguments.in_flight(&[16]);
    let mut subjects = Vec::new();
    let calls: [(_, CallOf); 2] = [
        ("CreateContact", Target::create_patiently),
        ("ListContacts", Target::list_patiently),
    ];
    for (name, call) in calls {
        for &in_flight in &in_flight {
            let client = move |target: &Target, client| call(target, client, 2);
            let span = bench.arguments.span();
            let alone = Subject::calls(name, in_flight, span, &stage, client);
            let beside = format!("{name}, another is stuck");
            let beside = Subject::calls(&beside, in_flight, span, &stage, client);
            subjects.push(alone);
            subjects.push(beside_a_stuck_one(beside, &stage));
        }
    }
    let rows = bench.measure(subjects).await;
    let pairs = rows.chunks(2);
    Outcome {
        scenario: Scenario::Stuck,
        ratios: pairs
            .map(|pair| Ratio::new(&pair[1], &pair[0], "p99_ms"))
            .collect(),
        rows,
    }
}

/// The subject, while the operators of the first organization are locked nearly all of
/// the time. (Not by one long transaction: Postgres could then clean up nobody's old
/// rows, and everything would get slower by and by. Nor by short ones: in between, all
/// that has piled up is done at once, and it would be a busy organization, not a stuck one.)
fn beside_a_stuck_one(subject: Subject, stage: &Stage) -> Subject {
    let target = Target::new(stage);
    let url: Arc<str> = stage.url.as_str().into();
    subject.beside(move || {
        let (target, url) = (target.clone(), Arc::clone(&url));
        Box::pin(async move {
            let mut conn = Conn::establish(&url).await.unwrap();
            let lock = format!(
                "BEGIN; SELECT FROM operators WHERE organization_id = '{}' ORDER BY id FOR UPDATE;
                 SELECT pg_sleep(5); COMMIT",
                id(1)
            );
            let mut others = JoinSet::new();
            others.spawn(async move {
                loop {
                    conn.batch_execute(&lock).await.unwrap();
                }
            });
            for number in 0..STUCK {
                let mut call = if number % 2 == 0 {
                    target.create_patiently(number, 1)
                } else {
                    target.update_patiently(number, 1)
                };
                others.spawn(async move {
                    loop {
                        call().await;
                    }
                });
            }
            Box::new(Unending(others)) as Box<dyn Send>
        })
    })
}

/// Tasks that none may end before they are stopped.
struct Unending(JoinSet<()>);

impl Drop for Unending {
    fn drop(&mut self) {
        assert!(self.0.try_join_next().is_none(), "a caller gave up");
    }
}

/// All kinds of calls for as long as there are rounds: whether memory grows.
pub async fn soak(bench: &Bench) -> Outcome {
    let stage = bench.stage("service", &Shape::SMALL, 1).await;
    let in_flight = bench.arguments.in_flight(&[64]);
    let subjects = bench.calls("calls of all kinds", &in_flight, &stage, Target::days);
    let mut rows = bench.measure(subjects).await;
    let mut ratios = Vec::new();
    for at in 0..in_flight.len() {
        let rounds = rows[at].rounds.clone();
        let third = rounds.len().div_ceil(3);
        let (early, late) = (
            rounds[..third].to_vec(),
            rounds[rounds.len() - third..].to_vec(),
        );
        let early = Row::new("the first third".to_owned(), in_flight[at], early);
        let late = Row::new("the last third".to_owned(), in_flight[at], late);
        for figure in ["server_peak_mib", "per_second"] {
            ratios.push(Ratio::new(&late, &early, figure));
        }
        rows.extend([early, late]);
    }
    Outcome {
        scenario: Scenario::Soak,
        ratios,
        rows,
    }
}
