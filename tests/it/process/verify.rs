//! `minicrm verify`: what it finds, what it corrects, and how it ends.

use minicrm::proto::Deal;

use super::binary::{command, free_address};
use crate::{
    deals::{create, deal, lead},
    support::{App, operator},
};

/// Exit code and output of the command.
async fn verify(app: &App, arguments: &[&str]) -> (Option<i32>, String) {
    let settings = [("DATABASE_URL", app.database_url.as_str())];
    let mut command = command(free_address(), &settings);
    let output = command.arg("verify").args(arguments).output();
    let output = output.await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text)
}

#[tokio::test]
async fn counts_that_are_wrong_are_found_and_corrected() {
    let app = App::start().await;
    let [ann, bob] = ["Ann", "Bob"].map(|name| app.operator(operator(name)));
    let (ann, bob) = (ann.await, bob.await);
    let bot = app.source("bot", &[(&ann, 1)]).await;
    let form = app.source("form", &[]).await;
    app.contact(&bot).await;
    app.contact(&form).await;
    let right = (Some(0), String::new());
    assert_eq!(verify(&app, &[]).await, right);
    app.fold().await;
    assert_eq!(verify(&app, &[]).await, right);

    let other = "00000000-0000-7000-8000-00000000000f";
    app.execute(&format!(
        "UPDATE operators SET load = load + 3 WHERE id = '{bob}';
         UPDATE contact_cells SET in_progress_contacts = 5, expected_nanos = 0
         WHERE operator_id = '{ann}' AND span = 'ALL';
         DELETE FROM contact_cells WHERE source_id = '{form}' AND span <> 'ALL';
         UPDATE lead_counts SET leads = leads + 1
         WHERE slot = (SELECT slot FROM lead_counts ORDER BY slot LIMIT 1);
         INSERT INTO organizations (id, name) VALUES ('{other}', 'Other');
         INSERT INTO leads (organization_id, id, email)
         VALUES ('{other}', '{other}', 'eve@example.org')",
        bob = bob.id,
        ann = ann.id,
        form = form.id
    ))
    .await;
    let (code, found) = verify(&app, &[]).await;
    assert_eq!(code, Some(1));
    let found: Vec<_> = found.lines().collect();
    let ends = [
        format!("operator {}: load -3", bob.id),
        format!(
            "source {} operator {} all: in_progress -5 expected_nanos +1000000000",
            bot.id, ann.id
        ),
        ": new +1".to_owned(),
        "Z: new +1".to_owned(),
        "0001: leads -1".to_owned(),
        format!("{other}: leads +1"),
    ];
    assert_eq!(found.len(), ends.len(), "{found:?}");
    for (line, end) in found.iter().zip(&ends) {
        assert!(line.ends_with(end), "{line} should end with {end}");
    }
    assert!(found[2].contains(&format!("source {} backlog day ", form.id)));
    assert!(found[3].contains(&format!("source {} backlog hour ", form.id)));
    // Nothing has been corrected yet.
    let (code, again) = verify(&app, &["--repair"]).await;
    assert_eq!((code, again.lines().collect()), (Some(0), found));
    assert_eq!(verify(&app, &[]).await, right);
    app.assert_invariants().await;
}

#[tokio::test]
async fn counts_of_deals_that_are_wrong_are_found_and_corrected() {
    let app = App::start().await;
    let ann = "00000000-0000-7000-8000-000000000001";
    let made = Deal {
        amount: "1.05".to_owned(),
        currency: "EUR".to_owned(),
        owner_user_id: ann.to_owned(),
        ..deal(&lead(&app).await)
    };
    for _ in 0..2 {
        create(&app, made.clone()).await.unwrap();
    }
    let right = (Some(0), String::new());
    assert_eq!(verify(&app, &[]).await, right);

    app.execute(
        "UPDATE deal_counts SET deals = deals + 1
         WHERE owner_user_id = '00000000-0000-0000-0000-000000000000' AND span = 'ALL';
         UPDATE deal_counts SET amount = amount - 0.01, currency = 'USD'
         WHERE owner_user_id <> '00000000-0000-0000-0000-000000000000' AND span = 'DAY';
         DELETE FROM deal_counts
         WHERE owner_user_id <> '00000000-0000-0000-0000-000000000000' AND span = 'HOUR'",
    )
    .await;
    let (code, found) = verify(&app, &[]).await;
    assert_eq!(code, Some(1));
    let found: Vec<_> = found.lines().collect();
    let of_all = "deals of everybody EUR NEW QUALIFICATION reached QUALIFICATION all: deals -1";
    let lines = [
        (of_all.to_owned(), ""),
        (
            format!("deals of user {ann} EUR "),
            ": deals +2 amount +2.10",
        ),
        (
            format!("deals of user {ann} USD "),
            ": deals -2 amount -2.09",
        ),
        (
            format!("deals of user {ann} EUR "),
            "Z: deals +2 amount +2.10",
        ),
    ];
    assert_eq!(found.len(), lines.len(), "{found:?}");
    for (line, (part, end)) in found.iter().zip(&lines) {
        assert!(line.contains(part) && line.ends_with(end), "{line}");
    }
    let (code, again) = verify(&app, &["--repair"]).await;
    assert_eq!((code, again.lines().collect()), (Some(0), found));
    assert_eq!(verify(&app, &[]).await, right);
    app.assert_invariants().await;
}
