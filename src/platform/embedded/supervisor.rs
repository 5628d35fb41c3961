//! Runs the server under a small shell that stops it when the service is gone.
//! The server must never outlive the service, whatever ends that, and never be stopped before it.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::account::Account;
use super::binaries::Binaries;
use super::cluster::DataDir;
use super::error::Error;
use super::limits::{START_LIMIT, STOP_LIMIT};
use super::log::Log;

/// Runs the server given as arguments.
///
/// Its input is a pipe whose other end only the service holds, so reading ends when the
/// service does. Its output is the lock, which the server and its workers inherit as number 3.
/// - Signals meant for the service or for the terminal must not end the shell before its server.
/// - SIGINT is a fast shutdown. It is repeated because it is lost on a server that has only just
///   been forked; after 30 seconds comes SIGQUIT, which leaves the rest to recovery.
///   The end of the tries is for a server whose parent has been killed and that nobody waits for.
/// - If the server ends by itself the watcher is still reading, and SIGUSR1 ends it; if it is
///   stopping the server, it ends by itself and ignores that. Either way nothing is left over.
/// - An ephemeral cluster is emptied at the end; its directory may not be the server's to remove.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
exec 4<&0 </dev/null
"$@" 3>&1 >&2 4<&- &
server=$!
{
    read -r _ <&4
    trap '' USR1
    tries=0
    nap=0.02
    while test "$tries" -lt 400 && kill -INT "$server" 2>/dev/null; do
        sleep "$nap" || sleep 1
        nap=0.1
        tries=$((tries + 1))
        test "$tries" -lt 300 || kill -QUIT "$server"
    done
} >&2 &
watcher=$!
wait "$server"
status=$?
kill -USR1 "$watcher"
wait "$watcher" 2>/dev/null
test -z "$EPHEMERAL" || rm -rf "$EPHEMERAL"/*
exit "$status"
"#;

/// The shell, and with it the server. Dropping it closes the pipe and so stops the server.
#[derive(Debug)]
pub(super) struct Supervisor {
    shell: Child,
    log: Log,
}

impl Supervisor {
    /// Starts the server, which is not ready then.
    pub(super) fn spawn(
        data_dir: &DataDir,
        account: &Account,
        binaries: &Binaries,
        settings: &[OsString],
        ephemeral: bool,
    ) -> Result<Self, Error> {
        let (log, log_file) = Log::open(data_dir.root())?;
        let mut command = account.command("sh", data_dir.root());
        command
            .args(["-c", SCRIPT, "sh"])
            .arg(binaries.path("postgres"))
            .args(settings)
            .env_remove("EPHEMERAL");
        if ephemeral {
            command.env("EPHEMERAL", data_dir.cluster());
        }
        command
            .stdin(Stdio::piped())
            .stdout(data_dir.server_lock()?)
            .stderr(log_file);
        // Ctrl-C goes to the whole group of the terminal; the server must outlast the service's last request.
        command.process_group(0);
        let shell = command
            .spawn()
            .map_err(|reason| Error::io("run", "sh", reason))?;
        Ok(Self { shell, log })
    }

    /// Polls line 8 of `postmaster.pid`, which is how `pg_ctl` learns it: no notification exists,
    /// and trying to connect would fill the log with refused connections.
    pub(super) async fn wait_until_ready(&mut self, cluster: &Path) -> Result<(), Error> {
        let pid_file = cluster.join("postmaster.pid");
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let text = std::fs::read_to_string(&pid_file).unwrap_or_default();
            if text
                .lines()
                .nth(7)
                .is_some_and(|line| line.starts_with("ready"))
            {
                return Ok(());
            }
            let ended = self.shell.try_wait();
            if ended
                .map_err(|reason| Error::io("wait for", "sh", reason))?
                .is_some()
            {
                return Err(self.ended());
            }
            if Instant::now() > deadline {
                return Err(Error::NotReady {
                    log: self.log.path().into(),
                    tail: self.log.tail(),
                });
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops the server and waits for that.
    pub(super) async fn stop(mut self, data_dir: &DataDir) -> Result<(), Error> {
        drop(self.shell.stdin.take());
        let ended = timeout(STOP_LIMIT, self.shell.wait()).await;
        let status = ended.map_err(|_| Error::StillRunning(data_dir.root().into()))?;
        let status = status.map_err(|reason| Error::io("wait for", "sh", reason))?;
        if status.success() {
            Ok(())
        } else {
            Err(self.ended())
        }
    }

    /// Waits for the end of the server, which nobody asked for.
    pub(super) async fn ended_by_itself(&mut self) -> Error {
        // Whether the shell can be waited for or not, it is not there any more.
        let _ = wait(&mut self.shell).await;
        self.ended()
    }

    fn ended(&self) -> Error {
        Error::Ended {
            log: self.log.path().into(),
            tail: self.log.tail(),
        }
    }
}

/// Waits for a child without closing its input, which would stop the server.
async fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    let input = child.stdin.take();
    let status = child.wait().await;
    drop(input);
    status
}
