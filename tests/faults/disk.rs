//! Disks that are full, each a small one in memory. Who may not mount one is told.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use diesel_async::SimpleAsyncConnection;
use minicrm::proto::{CreateLeadRequest, Lead, ListLeadsRequest};
use tonic::{Code, Status};

use crate::{
    TRAFFIC,
    binary::{Process, free_address},
    load::{Load, connection},
    postgres::Durable,
    prepare,
    support::{App, assert_error, call, within},
};

/// A disk of its own, until it is dropped.
struct Disk(PathBuf);

impl Disk {
    /// Mounts one of so many megabytes there, with the owner of its surroundings.
    /// None if that is not allowed.
    fn mount(at: PathBuf, megabytes: usize) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let size = format!("size={megabytes}m,mode=0700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "none"]).arg(&at);
        if !mount.status().is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: a disk cannot be mounted here, so it cannot be full");
            return None;
        }
        Some(Self(at))
    }

    /// Gives it to the owner of this.
    fn give_to_owner_of(&self, path: &Path) {
        let mut chown = Command::new("chown");
        chown
            .arg(format!("--reference={}", path.display()))
            .arg(&self.0);
        assert!(chown.status().unwrap().success());
    }

    /// Writes until there is no room left.
    fn fill(&self) {
        let mut file = File::create(self.filling()).unwrap();
        let block = [0; 4096];
        let mut writes = std::iter::repeat_with(|| file.write_all(&block));
        assert!(writes.any(|written| written.is_err()));
    }

    /// Makes room again.
    fn clear(&self) {
        fs::remove_file(self.filling()).unwrap();
    }

    fn filling(&self) -> PathBuf {
        self.0.join("filling")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever uses it may end a moment later.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Creates leads until there is no room for another.
async fn until_refused(app: &App) -> Status {
    let refused = async || loop {
        let request = CreateLeadRequest {
            lead: Some(Lead {
                name: "x".repeat(200),
                ..Lead::default()
            }),
            ..Default::default()
        };
        if let Err(status) = call!(app.leads.create_lead(request)) {
            return status;
        }
    };
    within("a refusal", refused()).await
}

/// Reads go on, writes are refused, and all is well when there is room again.
#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_the_data_is_full() {
    let postgres = Durable::start("data-disk", &[]).await;
    let Some(disk) = Disk::mount(postgres.dir.0.join("disk"), 32) else {
        return;
    };
    disk.give_to_owner_of(&postgres.dir.0.join("cluster"));
    let setup = App::at(connection(free_address()), postgres.url());
    let place = format!("CREATE TABLESPACE small LOCATION '{}'", disk.0.display());
    let mut conn = setup.database().await;
    conn.batch_execute(&place).await.unwrap();
    let create = "CREATE DATABASE small TABLESPACE small";
    conn.batch_execute(create).await.unwrap();

    let url = postgres.url().replace("/minicrm", "/small");
    let address = free_address();
    let process = Process::start(address, &[("DATABASE_URL", &url)]).await;
    let app = App::at(connection(address), url);
    let load = Load::start(&[address], &prepare(&app).await);
    load.more(TRAFFIC).await;
    disk.fill();
    let status = until_refused(&app).await;
    assert_error(
        Err::<(), _>(status),
        Code::ResourceExhausted,
        "STORAGE_FULL",
    );
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    disk.clear();
    load.more(TRAFFIC).await;
    let history = load.stop().await;
    history.assert_said(&[Code::ResourceExhausted]);
    history.assert_kept(&app).await;
    assert!(process.terminate().await.success());
}

/// Postgres ends by itself and cannot start until there is room.
#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_the_log_is_full() {
    let settings = [("min_wal_size", "32MB"), ("max_wal_size", "48MB")];
    let mut postgres = Durable::start("log-disk", &settings).await;
    postgres.down().await;
    let log = postgres.dir.0.join("cluster/pg_wal");
    let Some(disk) = Disk::mount(postgres.dir.0.join("disk"), 80) else {
        return;
    };
    disk.give_to_owner_of(&log);
    let mut copy = Command::new("cp");
    copy.arg("-a").arg(log.join(".")).arg(&disk.0);
    assert!(copy.status().unwrap().success());
    fs::remove_dir_all(&log).unwrap();
    std::os::unix::fs::symlink(&disk.0, &log).unwrap();
    postgres.up().await;

    let url = postgres.url();
    let address = free_address();
    let process = Process::start(address, &[("DATABASE_URL", &url)]).await;
    let app = App::at(connection(address), url);
    let load = Load::start(&[address], &prepare(&app).await);
    load.more(TRAFFIC).await;
    disk.fill();
    // The next file of the log has nowhere to go.
    let mut conn = app.database().await;
    let _ = conn
        .batch_execute("SELECT pg_switch_wal(); SELECT pg_switch_wal()")
        .await;
    postgres.ended().await;
    disk.clear();
    postgres.up().await;
    load.more(TRAFFIC).await;
    load.stop().await.assert_kept(&app).await;
    assert!(process.terminate().await.success());
}
