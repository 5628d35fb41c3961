//! The layers of the code, and that nothing in it points up or goes in circles.

mod code;
mod rules;
mod text;

use std::path::Path;

use self::{
    code::Code,
    rules::{broken, circle, meaning},
};

/// What each part may name of others: every arrow there may be. A part is a module at the
/// top, or one in `platform` or `api`. Words in capitals stand for more ([`MEANINGS`]).
/// Further down is higher: what has no row yet gets one where it belongs.
const ARROWS: &[(&str, &str)] = &[
    // Base: knows nothing above it.
    ("schema", ""),
    ("error", "ids"),
    ("proto", "error"),
    ("ids", ""),
    ("actor", "error ids"),
    ("model", "ids schema"),
    // Platform: knows no feature.
    ("platform::address", ""),
    ("platform::files", ""),
    ("platform::pem", ""),
    ("platform::telemetry", "BASE platform::address"),
    ("platform::panics", "BASE platform::telemetry"),
    ("platform::embedded", "platform::files"),
    (
        "platform::db",
        "BASE platform::files platform::pem platform::telemetry",
    ),
    (
        "platform::background",
        "BASE platform::db platform::panics platform::telemetry",
    ),
    ("platform::migrations", "BASE platform::db"),
    ("platform::grpc", "BASE proto platform::db"),
    (
        "platform::idempotency",
        "BASE platform::background platform::db platform::grpc",
    ),
    (
        "platform::batch",
        "BASE platform::idempotency platform::panics platform::telemetry",
    ),
    (
        "platform::ingress",
        "BASE platform::address platform::background platform::files platform::panics \
         platform::pem platform::telemetry",
    ),
    // Who may do what, and who did. The table of grants names the requests it is about.
    ("access", "BASE PLATFORM proto"),
    ("audit", "BASE PLATFORM access"),
    // What is counted, what is on timelines, and who gets a contact.
    ("statistics", "BASE PLATFORM"),
    ("activities", "BASE PLATFORM"),
    // What follows from what happened.
    ("recorder", "BASE PLATFORM audit statistics activities"),
    ("dispatch", "BASE PLATFORM"),
    ("operators", "BASE PLATFORM"),
    ("sources", "BASE PLATFORM dispatch"),
    // The other features: model, rules, queries.
    ("organizations", "BASE PLATFORM access"),
    ("auth", "BASE PLATFORM access organizations"),
    ("leads", "BASE PLATFORM statistics"),
    (
        "contacts",
        "BASE PLATFORM statistics recorder operators sources dispatch leads",
    ),
    ("deals", "BASE PLATFORM contacts organizations"),
    ("tasks", "BASE PLATFORM organizations"),
    ("analytics", "BASE PLATFORM statistics deals"),
    ("verify", "BASE PLATFORM statistics dispatch"),
    ("gauges", "BASE PLATFORM statistics verify"),
    // The frame of a call.
    ("call", "BASE PLATFORM access audit"),
    // The methods: all that speaks proto. They name each other only for what is shared.
    ("api::enums", "BASE FEATURES proto"),
    ("api::convert", "BASE FEATURES proto call api::enums"),
    ("api::activities", "API"),
    ("api::analytics", "API"),
    ("api::auth", "API"),
    ("api::contacts", "API"),
    ("api::deals", "API"),
    ("api::leads", "API"),
    ("api::operators", "API"),
    ("api::organizations", "API"),
    ("api::sources", "API"),
    ("api::tasks", "API"),
    // What is made once, and how it is served.
    ("app", "BASE FEATURES proto call"),
    ("background", "BASE FEATURES gauges app"),
    ("server", "BASE PLATFORM proto call app METHODS"),
    // The start of the process.
    ("config", "BASE FEATURES call app"),
    ("commands", "BASE FEATURES config app background server"),
];

/// What the words in capitals stand for.
const MEANINGS: &[(&str, &str)] = &[
    ("API", "BASE FEATURES proto call api::convert api::enums"),
    (
        "METHODS",
        "api::activities api::analytics api::auth api::contacts api::deals api::leads \
         api::operators api::organizations api::sources api::tasks",
    ),
    (
        "FEATURES",
        "PLATFORM access audit statistics activities recorder operators sources dispatch \
         organizations auth leads contacts deals tasks analytics verify",
    ),
    (
        "PLATFORM",
        "platform::address platform::background platform::batch platform::db platform::embedded platform::files \
         platform::grpc platform::idempotency platform::ingress platform::migrations \
         platform::panics platform::telemetry",
    ),
    ("BASE", "schema error ids actor model"),
];

fn code() -> Code {
    Code::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

#[test]
fn arrows_go_down_and_never_in_circles() {
    let found = broken(&code().arrows());
    assert!(
        found.is_empty(),
        "see ARROWS in {}:\n{}",
        file!(),
        found.join("\n")
    );
}

/// The table itself allows no circle.
#[test]
fn the_table_of_arrows_has_no_circle() {
    let arrows = ARROWS.iter().flat_map(|(from, to)| {
        let from = (*from).to_owned();
        meaning(to).into_iter().map(move |to| (from.clone(), to))
    });
    assert_eq!(circle(arrows), None);
}

/// Mutants: an arrow up, in each way it can be written, and a circle.
#[test]
fn an_arrow_up_or_a_circle_is_seen() {
    let sees = |files: &[(&str, &str)], expected: &str| {
        let found = broken(&Code::of(files).arrows());
        assert!(
            found.iter().any(|line| line.contains(expected)),
            "{expected}: {found:?}"
        );
    };
    let leads = ("api/leads/mod.rs", "pub fn list() {}");
    for text in [
        "use crate::api::leads::list;",
        "use crate::{\n    error::Result,\n    api::{leads::{self, list as all}},\n};",
        "use super::super::api::leads::list;",
        "fn f() { crate::api::leads::list() }",
        "use crate::api;\nfn f() { api::leads::list() }",
    ] {
        let sources = ("sources/code.rs", text);
        sees(
            &[leads, ("api/mod.rs", ""), sources],
            "sources -> api::leads: src/sources/code.rs:",
        );
    }
    let one = (
        "deals/mod.rs",
        "mod store;\nmod rules;\npub use rules::Rule;\npub struct Deal;",
    );
    let rules = (
        "deals/rules.rs",
        "use super::store::find;\npub struct Rule;",
    );
    let store = (
        "deals/store.rs",
        "use super::{Deal, Rule};\npub fn find() {}",
    );
    sees(
        &[one, rules, store],
        "a circle of files: deals::rules -> deals::store -> deals::rules",
    );
    let quiet = (
        "deals/store.rs",
        "// use crate::api::leads;\nconst A: &str = \"crate::api::leads::list\";",
    );
    assert_eq!(
        broken(&Code::of(&[leads, quiet]).arrows()),
        Vec::<String>::new()
    );
}
