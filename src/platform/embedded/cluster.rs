//! The data directory: who owns it, who uses it now, how the cluster in it is made.
//! Never removes a cluster, nor anything a running server uses: it holds both locks before it cleans up.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::account::{Account, is_root};
use super::binaries::Binaries;
use super::error::Error;
use super::limits::{DATABASE, STOP_LIMIT};
use super::program::run;
use crate::platform::files;

/// How often it is tried to take the directory, and the pause between: a program that
/// this process is just starting has a copy of the lock for a moment.
const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// A data directory that this process alone may use. It stays with the user of
/// this process; the server's user owns only what is its own, `cluster` and `run`,
/// so that it cannot put links in the way of files that root writes.
#[derive(Debug)]
pub(super) struct DataDir {
    root: PathBuf,
    /// Held by this process: whoever finds it taken is the second service here.
    _service: File,
    /// Handed down to the server and to all that make the cluster, so that it is free
    /// only when the last of them has ended, also after everything was killed.
    server: File,
}

impl DataDir {
    /// Creates the directory if need be, and takes it or fails soon.
    pub(super) fn open(root: &Path) -> Result<Self, Error> {
        let as_root = is_root();
        DirBuilder::new()
            .recursive(true)
            .mode(if as_root { 0o711 } else { 0o700 })
            .create(root)
            .map_err(|reason| Error::io("create", root, reason))?;
        files::check_directory(root).map_err(|reason| Error::Exposed(root.into(), reason))?;
        let root = root
            .canonicalize()
            .map_err(|reason| Error::io("find", root, reason))?;
        let pass = || -> io::Result<()> {
            // The server's user must get through. One that is in use already is left as its owner made it.
            if as_root && fs::read_dir(&root)?.next().is_none() {
                let mode = fs::metadata(&root)?.mode();
                fs::set_permissions(&root, Permissions::from_mode(mode | 0o011))?;
            }
            Ok(())
        };
        pass().map_err(|reason| Error::io("open", &root, reason))?;
        let service = lock_file(&root.join("service.lock"))?;
        let mut attempts = 1..LOCK_ATTEMPTS;
        loop {
            match service.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempts.next().is_some() => {
                    std::thread::sleep(LOCK_PAUSE);
                }
                Err(TryLockError::WouldBlock) => return Err(Error::InUse(root)),
                Err(TryLockError::Error(reason)) => return Err(Error::io("lock", &root, reason)),
            }
        }
        let server = lock_file(&root.join("server.lock"))?;
        Ok(Self {
            root,
            _service: service,
            server,
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join("cluster")
    }

    /// The server lock, to become one of a child's streams.
    pub(super) fn server_lock(&self) -> Result<File, Error> {
        self.server
            .try_clone()
            .map_err(|reason| Error::io("lock", &self.root, reason))
    }

    /// The major version of the cluster, if there is one.
    pub(super) fn version(&self) -> Result<Option<u32>, Error> {
        let file = self.cluster().join("PG_VERSION");
        match files::read_plain(&file) {
            Ok(text) => match text.trim().parse() {
                Ok(major) => Ok(Some(major)),
                Err(_) => Err(Error::io(
                    "understand",
                    &file,
                    ErrorKind::InvalidData.into(),
                )),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(reason) => Err(Error::io("read", &file, reason)),
        }
    }

    /// Waits for the server of a service that was killed: it stops by itself, but not at once.
    pub(super) async fn wait_for_previous(&self) -> Result<(), Error> {
        let deadline = Instant::now() + STOP_LIMIT;
        let mut told = false;
        loop {
            match self.server.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(reason)) => {
                    return Err(Error::io("lock", &self.root, reason));
                }
                Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                    return Err(Error::StillRunning(self.root.clone()));
                }
                Err(TryLockError::WouldBlock) => {}
            }
            if !told {
                tracing::info!(dir = %self.root.display(), "waiting for the PostgreSQL of an earlier run to stop");
                told = true;
            }
            sleep(Duration::from_millis(50)).await;
        }
        self.remove_stale_pid_file().await
    }

    /// A server that was killed leaves its `postmaster.pid`. Postgres would refuse to start
    /// if that number is now another process of the same user or one nobody has waited for,
    /// and its line `ready` would be taken for the new server's.
    async fn remove_stale_pid_file(&self) -> Result<(), Error> {
        let file = self.cluster().join("postmaster.pid");
        let text = match files::read_plain(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(reason) => return Err(Error::io("read", &file, reason)),
        };
        // A single-user server writes its number negative.
        let pid = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim()
            .trim_start_matches('-');
        if let Ok(pid) = pid.parse::<u32>()
            && self.is_server(pid).await
        {
            // Not one of ours, which would hold the lock: somebody has run `pg_ctl start` here.
            return Err(Error::ForeignServer {
                dir: self.cluster(),
                pid,
            });
        }
        remove_file(&file)
    }

    /// Whether this process is a server on this cluster, in which it has its working directory.
    async fn is_server(&self, pid: u32) -> bool {
        match fs::read_link(format!("/proc/{pid}/cwd")) {
            Ok(dir) => dir == self.cluster(),
            // In a container even root may be denied the link of another user's process.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                fs::read_to_string(format!("/proc/{pid}/comm"))
                    .is_ok_and(|name| name.trim() == "postgres")
            }
            Err(_) if Path::new("/proc/self").exists() => false,
            // A system without `/proc`: alive must do.
            Err(_) => run(Command::new("sh").args(["-c", r#"kill -0 "$0""#, &pid.to_string()]))
                .await
                .is_ok(),
        }
    }

    /// Makes the cluster under another name first: one that is not finished never looks as if it were.
    pub(super) async fn init(
        &self,
        account: &Account,
        binaries: &Binaries,
        ephemeral: bool,
    ) -> Result<(), Error> {
        tracing::info!(dir = %self.root.display(), "creating a PostgreSQL cluster");
        let fresh = self.root.join("cluster.new");
        match fs::remove_dir_all(&fresh) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io("remove", &fresh, error));
            }
            _ => {}
        }
        account.private_dir(&fresh)?;
        let mut initdb = account.command(binaries.path("initdb"), &self.root);
        let options = "-U postgres -A trust -E UTF8 --locale=C --lc-ctype=C.UTF-8 -k -D";
        initdb.args(options.split(' ')).arg(&fresh);
        if ephemeral {
            initdb.arg("--no-sync");
        }
        run(initdb.stdin(self.server_lock()?)).await?;
        fs::rename(&fresh, self.cluster()).map_err(|reason| Error::io("rename", &fresh, reason))?;
        if !ephemeral {
            // Without this a power failure could bring the old name back, to be removed at the next start.
            let sync = File::open(&self.root).and_then(|dir| dir.sync_all());
            sync.map_err(|reason| Error::io("sync", &self.root, reason))?;
        }
        Ok(())
    }

    /// Creates the database in single-user mode, which needs no client program and takes 25 ms.
    /// Every start does it, so that being killed in between or `dropdb` is made good by the next.
    pub(super) async fn create_database(
        &self,
        account: &Account,
        binaries: &Binaries,
        settings: &[OsString],
    ) -> Result<(), Error> {
        // The shell holds the lock for the server, whose own input is the statement.
        let mut single = account.command("sh", &self.root);
        single.args([
            "-c",
            r#"echo "$0" | "$@""#,
            &format!("create database {DATABASE}"),
        ]);
        single
            .arg(binaries.path("postgres"))
            .arg("--single")
            .args(settings);
        single
            .args(["-c", "exit_on_error=on", "template1"])
            .stdin(self.server_lock()?);
        let exists = format!("database \"{DATABASE}\" already exists");
        match run(&mut single).await {
            Err(Error::Failed { output, .. }) if output.contains(&exists) => Ok(()),
            Err(Error::Failed { output, .. }) => Err(Error::Failed {
                command: "postgres --single".into(),
                output,
            }),
            result => result.map(drop),
        }
    }
}

fn lock_file(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    files::open(path, &mut options).map_err(|reason| Error::io("open", path, reason))
}

/// Removes a file that need not be there.
pub(super) fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}
