//! What intake is compared with: pgbench, on tables of its own.

use std::time::Duration;

use tokio::process::Command;

use super::Round;

/// What a contact costs as a transaction of several statements.
pub const TRANSACTION: &str = "\
\\set operator random(1, 10)
BEGIN;
SELECT id, weight, load FROM bench_operators WHERE active ORDER BY id;
INSERT INTO bench_leads (external_id) VALUES (gen_random_uuid()) RETURNING id \\gset
UPDATE bench_operators SET load = load + 1 WHERE id = :operator;
INSERT INTO bench_contacts (lead_id, operator_id, message) VALUES (:id, :operator, 'Hello');
COMMIT;
";

/// The least a contact can cost in a transaction of its own.
pub const BARE_INSERT: &str =
    "INSERT INTO bench_contacts (lead_id, operator_id, message) VALUES (1, 1, 'Hello');\n";

const TABLES: &str = "
    CREATE TABLE bench_operators (id int PRIMARY KEY, weight int, load int, active boolean);
    INSERT INTO bench_operators SELECT n, 1, 0, true FROM generate_series(1, 10) AS n;
    CREATE TABLE bench_leads (id bigserial PRIMARY KEY, external_id uuid UNIQUE);
    CREATE TABLE bench_contacts (id bigserial PRIMARY KEY, lead_id bigint, operator_id int,
        message text, create_time timestamptz DEFAULT now());
    CREATE INDEX ON bench_contacts (lead_id);
    CREATE INDEX ON bench_contacts (operator_id);";

/// Makes the tables that the scripts need.
pub async fn prepare(url: &str) {
    psql(url, TABLES).await;
}

/// Runs pgbench with prepared statements.
pub async fn run(url: &str, script: &str, clients: usize, length: Duration) -> Round {
    let file = std::env::temp_dir().join(format!("minicrm-bench-{}.sql", std::process::id()));
    std::fs::write(&file, script).unwrap();
    let threads = clients.min(2).to_string();
    let output = Command::new("pgbench")
        .args([
            "-n",
            "-M",
            "prepared",
            "-f",
            file.to_str().unwrap(),
            "-j",
            &threads,
        ])
        .args([
            "-c",
            &clients.to_string(),
            "-T",
            &length.as_secs().to_string(),
            url,
        ])
        .output()
        .await
        .unwrap();
    std::fs::remove_file(file).unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    let number = |name: &str| -> f64 {
        let line = report.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        line[name.len()..]
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    let mean = number("latency average = ");
    Round {
        rate: number("tps = "),
        p50: mean,
        p99: None,
    }
}

async fn psql(url: &str, sql: &str) {
    let status = Command::new("psql")
        .args(["-q", url, "-c", sql])
        .status()
        .await
        .unwrap();
    assert!(status.success());
}
