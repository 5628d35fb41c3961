//! `minicrm migrate`, and what a start says of a database.

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::platform::db::Conn;
use tokio::process::Command;

use super::{
    Process,
    binary::{command, free_address, said},
};
use crate::support::{database_with, empty_database, new_database};

fn migrate(url: &str, arguments: &[&str]) -> Command {
    let mut migrate = command(free_address(), &[("MINICRM_DATABASE_URL", url)]);
    migrate.arg("migrate").args(arguments);
    migrate
}

/// How many lines begin with this word.
fn count(text: &str, state: &str) -> usize {
    text.lines().filter(|line| line.starts_with(state)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_database_has_is_said_and_taken_back() {
    let url = empty_database().await;
    let (complete, text) = said(migrate(&url, &["--status"])).await;
    let all = count(&text, "pending");
    assert!(!complete && all > 10, "{text}");
    // Looking makes nothing.
    let (_, again) = said(migrate(&url, &["--status"])).await;
    assert_eq!(count(&again, "pending"), all);

    assert!(said(migrate(&url, &[])).await.0);
    let (complete, text) = said(migrate(&url, &["--status"])).await;
    assert!(complete, "{text}");
    assert_eq!(count(&text, "applied"), all);

    assert!(said(migrate(&url, &["--down", "2"])).await.0);
    let (complete, text) = said(migrate(&url, &["--status"])).await;
    assert!(!complete, "{text}");
    assert_eq!(
        (count(&text, "applied"), count(&text, "pending")),
        (all - 2, 2)
    );
    // More than there are: none.
    let (done, text) = said(migrate(&url, &["--down", "1000"])).await;
    assert!(!done && text.contains("cannot be undone"), "{text}");
    assert!(said(migrate(&url, &[])).await.0);
    let (complete, _) = said(migrate(&url, &["--status"])).await;
    assert!(complete);
}

/// Mutant: connections that are not looked for.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_from_under_a_service() {
    let url = new_database().await;
    let process = Process::start(free_address(), &[("MINICRM_DATABASE_URL", &url)]).await;
    let (done, text) = said(migrate(&url, &["--down", "1"])).await;
    assert!(!done && text.contains("a service is connected"), "{text}");
    assert!(said(migrate(&url, &["--status"])).await.0);
    assert!(process.terminate().await.success());
    assert!(said(migrate(&url, &["--down", "1"])).await.0);
}

/// A database that is refused is not waited for. The message is for people: it says
/// which database and why, and not with which password.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_does_not_wait_for_what_it_refuses() {
    let url = new_database().await;
    let mut conn = Conn::establish(&url).await.unwrap();
    let other = "UPDATE __diesel_schema_migrations SET hash = 'a'";
    conn.batch_execute(other).await.unwrap();
    let (content, text) = said(command(free_address(), &[("MINICRM_DATABASE_URL", &url)])).await;
    let database = url.rsplit_once('/').unwrap().1;
    assert!(!content, "{text}");
    for part in [
        database,
        "000000_distribution was applied with another text",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locale_without_letters_is_warned_of() {
    let with = async |locale: &str| {
        database_with(&format!(
            "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE '{locale}'"
        ))
        .await
    };
    for (url, warned) in [(with("C").await, true), (with("C.UTF-8").await, false)] {
        let (done, text) = said(migrate(&url, &[])).await;
        assert!(done, "{text}");
        assert_eq!(text.contains("LC_CTYPE"), warned, "{text}");
    }
}
