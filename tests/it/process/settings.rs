//! Where settings come from.

use std::{
    fs::{self, File},
    net::TcpListener,
};

use minicrm::proto::ListLeadsRequest;

use super::{
    DataDir, Process,
    binary::{channel, command, free_address, said},
};
use crate::support::{App, call, new_database, within};

/// Where there is no database: whoever asks it fails at once, and says so.
const NOWHERE: &str = "postgres://someone:hidden@127.0.0.1:1/nothing";

/// Mutants: `DATABASE_URL` that wins; an empty variable that is taken; a file that is not
/// read.
#[tokio::test(flavor = "multi_thread")]
async fn the_url_of_the_database_has_four_places() {
    let url = &*new_database().await;
    let dir = DataDir::new("settings");
    let path = dir.0.join("url");
    fs::write(&path, format!("{url}\n")).unwrap();
    let file = path.to_str().unwrap();
    let (prefixed, plain) = ("MINICRM_DATABASE_URL", "DATABASE_URL");
    let (in_file, plain_in_file) = ("MINICRM_DATABASE_URL_FILE", "DATABASE_URL_FILE");
    let places: [&[(&str, &str)]; 7] = [
        &[(prefixed, url)],
        &[(plain, url)],
        &[(in_file, file)],
        &[(plain_in_file, file)],
        &[(prefixed, url), (plain, NOWHERE)],
        &[(in_file, file), (plain, NOWHERE)],
        // What is empty is not set, whatever it is.
        &[
            (prefixed, ""),
            (plain, url),
            (in_file, ""),
            ("MINICRM_DRAIN_SECONDS", ""),
            ("MINICRM_POOL_SIZE", ""),
            ("RUST_LOG", ""),
        ],
    ];
    for settings in places {
        let mut migrate = command(free_address(), settings);
        migrate.arg("migrate");
        let (done, text) = said(migrate).await;
        assert!(done, "{settings:?}: {text}");
    }
    // Which of two places is meant cannot be known, and a file that is named must be there.
    let wrong: [(&[(&str, &str)], &str); 2] = [
        (&[(prefixed, url), (in_file, file)], in_file),
        (&[(in_file, "/nowhere/url")], "/nowhere/url"),
    ];
    for (settings, named) in wrong {
        let mut migrate = command(free_address(), settings);
        migrate.arg("migrate");
        let (done, text) = said(migrate).await;
        assert!(!done && text.contains(named), "{text}");
    }
    // Secrets are not shown.
    let mut help = command(free_address(), &[(in_file, file)]);
    help.arg("--help");
    let (_, text) = said(help).await;
    assert!(!text.contains(url), "{text}");
}

/// Mutant: every attempt is logged.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_named_once_and_without_the_password() {
    let mut migrate = command(free_address(), &[("MINICRM_DATABASE_URL", NOWHERE)]);
    migrate.arg("migrate");
    let (done, text) = said(migrate).await;
    assert!(!done && text.contains("127.0.0.1:1/nothing"), "{text}");
    assert!(!text.contains("hidden"), "{text}");

    // It hangs up on everybody, and so knows how often it was asked.
    let database = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = database.local_addr().unwrap();
    let url = format!("postgres://someone:hidden@{place}/nothing");
    let dir = DataDir::new("gone");
    let log = dir.0.join("service.log");
    let settings = [("MINICRM_DATABASE_URL", &*url)];
    let file = File::create(&log).unwrap();
    let process = Process::spawn(free_address(), &settings, file);
    let asked = tokio::task::spawn_blocking(move || {
        for _ in 0..6 {
            drop(database.accept().unwrap());
        }
    });
    within("six attempts", asked).await.unwrap();
    assert!(process.terminate().await.success());
    let text = fs::read_to_string(&log).unwrap();
    let told = text.matches("waiting for the database").count();
    assert_eq!(told, 1, "{text}");
    assert!(text.contains(&format!("{place}/nothing")), "{text}");
    assert!(!text.contains("hidden"), "{text}");
}

/// Mutant: the rule of loopback that looks at one address of a name.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_listened_on() {
    let url = new_database().await;
    let address = free_address();
    let name = format!("localhost:{}", address.port());
    let settings = [("MINICRM_DATABASE_URL", &*url), ("MINICRM_LISTEN", &*name)];
    let process = Process::start(address, &settings).await;
    let app = App::at(channel(address), url.clone());
    // Either address of the name; the clients of the test know one.
    if tokio::net::TcpStream::connect(address).await.is_ok() {
        call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    }
    assert!(process.terminate().await.success());
    for wrong in ["localhost", "nowhere.invalid:1", "localhost:x"] {
        let settings = [("MINICRM_DATABASE_URL", &*url), ("MINICRM_LISTEN", wrong)];
        let (started, text) = said(command(address, &settings)).await;
        assert!(!started && text.contains(wrong), "{text}");
    }
}
