//! Dashboard and alerts ask for metrics that there are.

use std::{collections::BTreeSet, fs, path::Path};

use minicrm::proto::GetOverviewRequest;

use super::{measured, page};
use crate::support::call;

/// What comes after the name of a histogram.
const PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// The names of metrics that a file asks for.
fn asked_for(file: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(path).unwrap();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    words
        .filter(|word| word.starts_with("minicrm_") || word.starts_with("process_"))
        .map(ToOwned::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_there_and_what_is_there_is_shown() {
    let (process, app, metrics) = measured(&[]).await;
    call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
    let page = page(metrics);
    let types = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let mut there = BTreeSet::new();
    for (name, kind) in types {
        if kind == "histogram" {
            there.extend(PARTS.map(|part| format!("{name}{part}")));
        } else {
            there.insert(name.to_owned());
        }
    }
    let dashboard = asked_for("deploy/grafana/minicrm.json");
    let alerts = asked_for("deploy/prometheus/alerts.yaml");
    for (file, names) in [("dashboard", &dashboard), ("alerts", &alerts)] {
        let missing: Vec<_> = names.difference(&there).collect();
        assert_eq!(missing, [] as [&String; 0], "{file}");
    }
    let of_ours = there.iter().filter(|name| name.starts_with("minicrm_"));
    let shown = |name: &&String| {
        let name = PARTS.iter().find_map(|part| name.strip_suffix(part));
        name.is_some_and(|name| dashboard.iter().any(|shown| shown.starts_with(name)))
    };
    let hidden: Vec<_> = of_ours
        .filter(|name| !dashboard.contains(*name) && !shown(name))
        .collect();
    assert_eq!(hidden, [] as [&String; 0], "not on the dashboard");
    assert!(process.terminate().await.success());
}
