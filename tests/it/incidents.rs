//! Alerts and the pages that say what to do: each alert names its page, and pages quote
//! the log as it is.

use std::{collections::BTreeSet, fs, path::Path};

use crate::tree::files;

/// Where the pages of alerts are.
const INCIDENTS: &str = "docs/operating/incidents";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Mutants: a page without its alert, and the other way round; a message in a page that
/// the code does not say.
#[test]
fn each_alert_has_a_page_and_pages_quote_the_log() {
    let rules = read("deploy/prometheus/alerts.yaml");
    let said = |key: &str| -> BTreeSet<String> {
        let lines = rules.lines().map(str::trim);
        lines
            .filter_map(|line| line.strip_prefix(key))
            .map(ToOwned::to_owned)
            .collect()
    };
    let alerts = said("- alert: ");
    let wanted: BTreeSet<_> = alerts
        .iter()
        .map(|alert| format!("{INCIDENTS}/{alert}.md"))
        .collect();
    assert_eq!(said("runbook: "), wanted);
    let pages = files(&root().join(INCIDENTS), "md");
    let pages: BTreeSet<_> = pages
        .iter()
        .map(|page| page.strip_prefix(root()).unwrap().display().to_string())
        .filter(|page| !page.ends_with("/README.md"))
        .collect();
    assert_eq!(pages, wanted);

    let code: String = files(&root().join("src"), "rs").iter().map(read).collect();
    let list = read(format!("{INCIDENTS}/README.md"));
    for alert in &alerts {
        let page = read(format!("{INCIDENTS}/{alert}.md"));
        assert!(page.starts_with(&format!("# {alert}\n")), "{alert}");
        assert!(list.contains(&format!("[{alert}]({alert}.md)")), "{alert}");
        for quoted in page.split("Log: `").skip(1) {
            let message = quoted.split('`').next().unwrap();
            assert!(
                code.contains(&format!("\"{message}\"")),
                "{alert}: {message}"
            );
        }
    }
}
