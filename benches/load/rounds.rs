//! Measures subjects in turn, round after round, so that whatever changes on the
//! machine meanwhile changes for all of them.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    arguments::{Arguments, Comparison},
    calls::{Client, Target},
    cluster::{Cluster, Shape},
    drive::{Span, drive},
    pgbench::{Pgbench, Script},
    report::{Row, Sample},
    server::Server,
    usage::Meter,
};

/// What a scenario measures with.
pub struct Bench {
    /// What was asked for.
    pub arguments: Arguments,
    /// What it is measured on.
    pub cluster: Cluster,
    /// Shows how far it has got, on a terminal.
    pub progress: ProgressBar,
}

/// One or more servers on a database of their own.
pub struct Stage {
    /// The database.
    pub url: String,
    /// What is in it.
    pub shape: Shape,
    /// The servers.
    pub servers: Vec<Server>,
    /// What to look at.
    pub meter: Meter,
}

/// Something that is measured once a round.
pub struct Subject {
    name: String,
    in_flight: usize,
    run: Box<dyn Fn() -> BoxFuture<'static, Sample> + Send + Sync>,
}

impl Bench {
    /// Starts what is needed.
    pub async fn start(arguments: Arguments) -> Self {
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {eta} {msg}");
        let progress = ProgressBar::no_length().with_style(style.unwrap());
        progress.set_message("starting Postgres");
        Self {
            cluster: Cluster::start(&arguments).await,
            arguments,
            progress,
        }
    }

    /// Starts servers on a new database.
    pub async fn stage(&self, name: &str, shape: &Shape, processes: usize) -> Stage {
        let shape = self.shape(shape);
        self.progress.set_message(format!("filling {name}"));
        let url = self.cluster.create(name, &shape).await;
        let mut servers = Vec::new();
        for _ in 0..processes {
            servers.push(Server::start(&url, &shape, self.arguments.connections).await);
        }
        let meter = Meter {
            servers: servers.iter().map(Server::pid).collect(),
            postmaster: self.cluster.postmaster(),
        };
        Stage {
            url,
            shape,
            servers,
            meter,
        }
    }

    /// Pgbench on the database of a stage.
    pub fn pgbench(&self, stage: &Stage) -> Pgbench {
        Pgbench {
            url: stage.url.clone(),
            shape: stage.shape.clone(),
            scratch: self.cluster.scratch(),
            meter: Meter {
                servers: Vec::new(),
                ..stage.meter
            },
        }
    }

    /// Calls at each of these numbers in flight.
    pub fn calls(
        &self,
        name: &str,
        in_flight: &[usize],
        stage: &Stage,
        client: impl Fn(&Target, usize) -> Client + Clone + Send + Sync + 'static,
    ) -> Vec<Subject> {
        let span = self.arguments.span();
        let subject = |&in_flight: &usize| {
            let client = client.clone();
            Subject::calls(name, in_flight, span, stage, client)
        };
        in_flight.iter().map(subject).collect()
    }

    /// The scripts to compare with, on a database of their own, each at every
    /// number of clients.
    pub async fn scripts(&self, shape: &Shape, scripts: &[(Comparison, Script)]) -> Vec<Subject> {
        let wanted = |(comparison, _): &&_| self.arguments.compares(*comparison);
        let scripts: Vec<_> = scripts.iter().filter(wanted).collect();
        if scripts.is_empty() {
            return Vec::new();
        }
        let pgbench = self.pgbench(&self.stage("pgbench", shape, 0).await);
        let span = self.arguments.span();
        let mut subjects = Vec::new();
        for (_, script) in scripts {
            for &clients in &self.arguments.pgbench_clients {
                subjects.push(Subject::script(&pgbench, *script, clients, span));
            }
        }
        subjects
    }

    fn shape(&self, usual: &Shape) -> Shape {
        let arguments = &self.arguments;
        let shape = Shape {
            organizations: arguments.organizations.unwrap_or(usual.organizations),
            sources: arguments.sources.unwrap_or(usual.sources),
            operators: arguments.operators.unwrap_or(usual.operators),
            existing: usual.existing.or(arguments.existing),
            ..usual.clone()
        };
        assert!(
            shape.sources.is_multiple_of(shape.organizations)
                && shape.operators.is_multiple_of(shape.sources),
            "as many sources for each organization, as many operators for each source"
        );
        shape
    }

    /// Measures the subjects in turn, in every round.
    pub async fn measure(&self, subjects: Vec<Subject>) -> Vec<Row> {
        let (rounds, progress) = (self.arguments.rounds.get(), &self.progress);
        progress.set_length((rounds * subjects.len()) as u64);
        progress.reset();
        let mut samples: Vec<Vec<Sample>> = subjects.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for (subject, samples) in subjects.iter().zip(&mut samples) {
                progress.set_message(format!("{} ({})", subject.name, subject.in_flight));
                samples.push((subject.run)().await);
                progress.inc(1);
            }
        }
        let rows = subjects.into_iter().zip(samples);
        rows.map(|(subject, rounds)| Row::new(subject.name, subject.in_flight, rounds))
            .collect()
    }
}

impl Subject {
    /// Calls in flight, each of a client that `client` makes.
    pub fn calls(
        name: &str,
        in_flight: usize,
        span: Span,
        stage: &Stage,
        client: impl Fn(&Target, usize) -> Client + Send + Sync + 'static,
    ) -> Self {
        let (target, meter) = (Target::new(stage), Arc::new(stage.meter.clone()));
        Self {
            name: name.to_owned(),
            in_flight,
            run: Box::new(move || {
                let clients = (0..in_flight).map(|number| client(&target, number));
                let (clients, meter) = (clients.collect(), Arc::clone(&meter));
                Box::pin(async move { drive(clients, span, &meter).await })
            }),
        }
    }

    /// The same while something goes on that `begin` starts and dropping it ends.
    pub fn beside(
        self,
        begin: impl Fn() -> BoxFuture<'static, Box<dyn Send>> + Send + Sync + 'static,
    ) -> Self {
        let run = self.run;
        Self {
            run: Box::new(move || {
                let (other, measured) = (begin(), run());
                Box::pin(async move {
                    let _other = other.await;
                    measured.await
                })
            }),
            ..self
        }
    }

    /// A script of pgbench.
    pub fn script(pgbench: &Pgbench, script: Script, clients: usize, span: Span) -> Self {
        let pgbench = pgbench.clone();
        Self {
            name: script.name.to_owned(),
            in_flight: clients,
            run: Box::new(move || {
                let pgbench = pgbench.clone();
                Box::pin(async move { pgbench.run(script, clients, span).await })
            }),
        }
    }
}
