//! What the processes use while something is measured, read from `/proc`. What
//! cannot be read is left out.

use std::{fs, time::Instant};

use crate::report::Sample;

/// Ticks a second in which Linux counts.
const TICKS: f64 = 100.0;

/// The processes to look at, beside the generator, which is this one and its
/// children.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    /// The servers.
    pub servers: Vec<u32>,
    /// The first process of Postgres, whose children are the others.
    pub postmaster: Option<u32>,
}

/// CPU seconds used until a time.
#[derive(Debug)]
pub struct Reading {
    /// When it was made.
    pub time: Instant,
    server: Option<f64>,
    postgres: Option<f64>,
    generator: Option<f64>,
}

impl Meter {
    /// Begins: memory peaks are counted from here.
    pub fn start(&self) -> Reading {
        for server in &self.servers {
            // Without the permission, the peak is that since the server began.
            let _ = fs::write(format!("/proc/{server}/clear_refs"), "5");
        }
        self.read()
    }

    /// Ends: adds what was used since to a sample.
    pub fn finish(&self, start: &Reading, sample: &mut Sample) {
        let end = self.read();
        let seconds = (end.time - start.time).as_secs_f64();
        for (figure, start, end) in [
            ("server_cpu", start.server, end.server),
            ("postgres_cpu", start.postgres, end.postgres),
            ("generator_cpu", start.generator, end.generator),
        ] {
            if let (Some(start), Some(end)) = (start, end) {
                sample.insert(figure, (end - start) / seconds);
            }
        }
        if let Some(peak) = self.sum(|server| peak_mib(*server)) {
            sample.insert("server_peak_mib", peak);
        }
    }

    fn read(&self) -> Reading {
        Reading {
            time: Instant::now(),
            server: self.sum(|server| Some(Times::of(&server.to_string())?.own)),
            postgres: self.postmaster.and_then(tree),
            generator: Times::of("self").map(|times| times.own + times.ended_children),
        }
    }

    fn sum(&self, of_server: impl Fn(&u32) -> Option<f64>) -> Option<f64> {
        let sum: Option<f64> = self.servers.iter().map(of_server).sum();
        sum.filter(|_| !self.servers.is_empty())
    }
}

/// CPU seconds of a process.
struct Times {
    parent: u32,
    own: f64,
    ended_children: f64,
}

impl Times {
    fn of(process: &str) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name before may hold blanks and parentheses.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<_> = fields.split_whitespace().collect();
        let seconds = |place: usize| Some(fields.get(place)?.parse::<f64>().ok()? / TICKS);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: seconds(11)? + seconds(12)?,
            ended_children: seconds(13)? + seconds(14)?,
        })
    }
}

/// CPU seconds of a process and of all the children it had or has.
fn tree(process: u32) -> Option<f64> {
    let first = Times::of(&process.to_string())?;
    let children: f64 = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| Times::of(entry.ok()?.file_name().to_str()?))
        .filter(|times| times.parent == process)
        .map(|times| times.own)
        .sum();
    Some(first.own + first.ended_children + children)
}

fn peak_mib(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
