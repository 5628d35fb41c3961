//! What the service is compared with: pgbench with prepared statements.

use std::{fs, path::PathBuf, thread::available_parallelism, time::Duration};

use tokio::process::Command;

use crate::{
    cluster::{LEADS, Shape},
    drive::Span,
    report::{Sample, latencies},
    usage::Meter,
};

/// What pgbench runs again and again.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// What it is called.
    pub name: &'static str,
    text: &'static str,
    known: bool,
    full: bool,
    counts: bool,
}

impl Script {
    /// The same without the statistics.
    pub const fn without_counts(self) -> Self {
        Self {
            name: "several statements, no counts",
            counts: false,
            ..self
        }
    }
}

/// The contact of a new lead as the service records it.
pub const SEVERAL_STATEMENTS: Script = Script {
    name: "several statements",
    text: include_str!("sql/several_statements.sql"),
    known: false,
    full: false,
    counts: true,
};
/// The same of a lead that is known.
pub const KNOWN_LEAD: Script = Script {
    known: true,
    ..SEVERAL_STATEMENTS
};
/// The same with all identifiers and a request id.
pub const FULL_IDENTITY: Script = Script {
    full: true,
    ..SEVERAL_STATEMENTS
};
/// The like in four statements on small tables.
pub const LEAN: Script = Script {
    name: "several statements, lean",
    text: include_str!("sql/lean.sql"),
    ..SEVERAL_STATEMENTS
};
/// The four statements as a function.
pub const FUNCTION: Script = Script {
    name: "one function call",
    text: include_str!("sql/function.sql"),
    ..SEVERAL_STATEMENTS
};
/// One row into a plain table.
pub const INSERT: Script = Script {
    name: "bare insert",
    text: include_str!("sql/insert.sql"),
    ..SEVERAL_STATEMENTS
};
/// One row into `contacts`.
pub const CONTACT_INSERT: Script = Script {
    name: "insert into contacts",
    text: include_str!("sql/contact_insert.sql"),
    ..SEVERAL_STATEMENTS
};
/// Reads a contact.
pub const SELECT_CONTACT: Script = Script {
    name: "select of a row",
    text: include_str!("sql/select_contact.sql"),
    ..SEVERAL_STATEMENTS
};

/// Where and with what scripts run.
#[derive(Debug, Clone)]
pub struct Pgbench {
    /// The database.
    pub url: String,
    /// What is in it.
    pub shape: Shape,
    /// Where to write logs.
    pub scratch: PathBuf,
    /// What to look at.
    pub meter: Meter,
}

impl Pgbench {
    /// Runs a script with this many clients.
    pub async fn run(&self, script: Script, clients: usize, span: Span) -> Sample {
        fs::write(self.scratch.join("script.sql"), script.text).unwrap();
        if !span.warm_up.is_zero() {
            output(self.command(script, clients, span.warm_up)).await;
        }
        let mut command = self.command(script, clients, span.length);
        command.args(["--log", "--log-prefix"]);
        command.arg(self.scratch.join("log"));
        if clients > 1 {
            // The log of every transaction would cost it something.
            command.args(["--sampling-rate", "0.1"]);
        }
        let mut sample = Sample::new();
        let start = self.meter.start();
        let report = output(command).await;
        self.meter.finish(&start, &mut sample);
        latencies(&mut sample, self.logged());
        let rate = report.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rate| rate.split_whitespace().next());
        sample.insert("per_second", rate.unwrap().parse().unwrap());
        sample
    }

    fn command(&self, script: Script, clients: usize, length: Duration) -> Command {
        let threads = available_parallelism().map_or(1, usize::from).min(clients);
        let mut command = Command::new("pgbench");
        command
            .args(["--no-vacuum", "--protocol", "prepared", "--file"])
            .arg(self.scratch.join("script.sql"))
            .args(["--client", &clients.to_string()])
            .args(["--jobs", &threads.to_string()])
            .args(["--time", &length.as_secs().to_string()])
            // As the service does: statements are planned once, while tables are
            // small.
            .env(
                "PGOPTIONS",
                "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan",
            );
        for (name, value) in [
            ("sources", self.shape.sources),
            (
                "sources_per_organization",
                self.shape.sources_per_organization(),
            ),
            ("operators_per_source", self.shape.operators_per_source()),
            ("leads", LEADS),
            ("contacts", self.shape.contacts),
            ("known", script.known.into()),
            ("full", script.full.into()),
            ("counts", script.counts.into()),
        ] {
            command.arg("--define").arg(format!("{name}={value}"));
        }
        command.arg(&self.url);
        command
    }

    /// The milliseconds of the transactions that were logged, which are deleted.
    fn logged(&self) -> Vec<f64> {
        let mut millis = Vec::new();
        for entry in fs::read_dir(&self.scratch).unwrap().flatten() {
            if !entry.file_name().to_string_lossy().starts_with("log") {
                continue;
            }
            let text = fs::read_to_string(entry.path()).unwrap();
            let micros = text.lines().filter_map(|line| line.split(' ').nth(2));
            millis.extend(micros.map(|micros| micros.parse::<f64>().unwrap() / 1e3));
            fs::remove_file(entry.path()).unwrap();
        }
        millis
    }
}

/// Runs pgbench to its end; what it reports.
async fn output(mut command: Command) -> String {
    let output = command.kill_on_drop(true).output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
