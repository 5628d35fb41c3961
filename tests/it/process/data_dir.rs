//! The data directory: what others could have put there is not used, and what Postgres says
//! does not fill the disk.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
};

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::platform::{
    db::Conn,
    embedded::{Options, Postgres},
};

use super::{
    DataDir,
    binary::{command, free_address, said},
};
use crate::support::until;

/// A user that is neither root nor the one who runs the tests.
const SOMEBODY: u32 = 12_345;

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// Gives it to somebody else, which only root can.
fn give(path: &Path) -> bool {
    chown(path, Some(SOMEBODY), Some(SOMEBODY)).is_ok()
}

/// Asserts that a start on this directory is refused, with this in the message.
async fn assert_refused(dir: &Path, arguments: &[&str], why: &str) {
    let mut start = command(
        free_address(),
        &[("MINICRM_DATA_DIR", dir.to_str().unwrap())],
    );
    start.args(arguments);
    let (started, text) = said(start).await;
    assert!(!started && text.contains(why), "{why}: {text}");
}

/// Mutants: `check_directory` without the rule.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_others_can_change_is_refused() {
    let parent = DataDir::new("exposed");
    mode(&parent.0, 0o711);
    let dir = parent.0.join("data");
    fs::create_dir(&dir).unwrap();
    for writable in [0o777, 0o720, 0o702, 0o1777] {
        mode(&dir, writable);
        assert_refused(&dir, &["migrate"], "writable for others").await;
    }
    mode(&dir, 0o711);
    mode(&parent.0, 0o777);
    assert_refused(&dir, &["migrate"], "writable for others").await;
    mode(&parent.0, 0o711);
    if give(&dir) {
        assert_refused(&dir, &["migrate"], "belongs to another user").await;
        chown(&dir, Some(0), Some(0)).unwrap();
        give(&parent.0);
        assert_refused(&dir, &["migrate"], "belongs to another user").await;
        chown(&parent.0, Some(0), Some(0)).unwrap();
        let link = parent.0.join("link");
        symlink(&dir, &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(SOMEBODY), None).unwrap();
        assert_refused(&link, &["migrate"], "link of another user").await;
    }
    // Nothing has been made.
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
}

/// Mutants: files opened without `O_NOFOLLOW`; owner, mode, number of names not looked at.
#[tokio::test(flavor = "multi_thread")]
async fn a_planted_file_is_not_used() {
    let data = DataDir::new("planted");
    let dir = &data.0;
    mode(dir, 0o711);
    let mut migrate = command(
        free_address(),
        &[("MINICRM_DATA_DIR", dir.to_str().unwrap())],
    );
    migrate.arg("migrate");
    assert!(said(migrate).await.0);

    let elsewhere = dir.join("elsewhere");
    let pem = include_str!("../support/key.pem");
    for (name, arguments) in [
        ("service.lock", ["migrate"]),
        ("server.lock", ["migrate"]),
        ("postgres.log", ["migrate"]),
        ("jwt-key.pem", ["--auth"]),
    ] {
        let file = dir.join(name);
        let fresh = || {
            let _ = fs::remove_file(&file);
            let _ = fs::remove_file(&elsewhere);
            fs::write(&elsewhere, pem).unwrap();
            mode(&elsewhere, 0o600);
        };
        fresh();
        symlink(&elsewhere, &file).unwrap();
        assert_refused(dir, &arguments, "symbolic link").await;
        fresh();
        fs::hard_link(&elsewhere, &file).unwrap();
        assert_refused(dir, &arguments, "another name").await;
        fresh();
        fs::copy(&elsewhere, &file).unwrap();
        mode(&file, 0o622);
        assert_refused(dir, &arguments, "open to others").await;
        fresh();
        fs::copy(&elsewhere, &file).unwrap();
        if give(&file) {
            assert_refused(dir, &arguments, "another user").await;
        }
        fresh();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), pem, "{name}");
    }
    // A key that others can read is no secret.
    let key = dir.join("jwt-key.pem");
    fs::copy(&elsewhere, &key).unwrap();
    mode(&key, 0o644);
    assert_refused(dir, &["--auth"], "open to others").await;
    // What a start that was killed has left is no obstacle, even if it was planted.
    fs::remove_file(&key).unwrap();
    symlink(&elsewhere, dir.join("jwt-key.new")).unwrap();
    let mut migrate = command(
        free_address(),
        &[("MINICRM_DATA_DIR", dir.to_str().unwrap())],
    );
    migrate.arg("migrate");
    assert!(said(migrate).await.0);
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), pem);
}

/// Mutant: no rotation while it runs.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_postgres_is_rotated_while_it_runs() {
    const LIMIT: u64 = 10 * 1024 * 1024;
    let data = DataDir::new("log");
    mode(&data.0, 0o711);
    let options = Options {
        data_dir: data.0.clone(),
        ephemeral: true,
        bin_dir: None,
        install: true,
        settings: Vec::new(),
    };
    let postgres = Postgres::start(options).await.unwrap();
    let mut conn = Conn::establish(&postgres.url("minicrm")).await.unwrap();
    let log = data.0.join("postgres.log");
    let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    let aside = |number: u32| data.0.join(format!("postgres.log.{number}"));
    let last = || fs::metadata(aside(1)).ok().map(|found| found.ino());
    for _ in 0..5 {
        let before = last();
        let fill = "DO $$ BEGIN FOR i IN 1..12 LOOP RAISE LOG '%', repeat('x', 1000000);
            END LOOP; END $$";
        conn.batch_execute(fill).await.unwrap();
        until("the log is put aside", async || {
            size(&log) <= LIMIT && last() != before
        })
        .await;
    }
    for number in 1..=3 {
        let aside = aside(number);
        assert!(size(&aside) > 0 && size(&aside) <= LIMIT, "{aside:?}");
        let found = fs::metadata(&aside).unwrap();
        assert_eq!(found.mode() & 0o777, 0o600);
    }
    assert!(!aside(4).exists());
    // The server goes on writing to the same file.
    conn.batch_execute("DO $$ BEGIN RAISE LOG 'still heard'; END $$")
        .await
        .unwrap();
    assert!(fs::read_to_string(&log).unwrap().contains("still heard"));
    postgres.stop().await.unwrap();
}
