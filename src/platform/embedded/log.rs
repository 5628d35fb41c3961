//! The server's log. What keeps the server busy must not fill the disk: while it runs, what
//! it has said is put aside in a few files of limited size.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::interval;

use super::error::Error;
use crate::platform::files;

/// A log that has grown beyond this is put aside.
const LIMIT: u64 = 10 * 1024 * 1024;
/// How many are kept aside.
const KEPT: u32 = 3;
/// How often the size is looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// The log of a server. It is rotated until this is dropped.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// Where in the log this run began, if it has not been rotated since.
    start: u64,
    rotation: AbortHandle,
}

impl Log {
    /// The log in the data directory, and the file for the server to append to.
    pub(super) fn open(data_dir: &Path) -> Result<(Self, File), Error> {
        let path = data_dir.join("postgres.log");
        let opened = open(&path).and_then(|mut file| {
            rotate(&path, &mut file)?;
            Ok((file.metadata()?.len(), file))
        });
        let (start, file) = opened.map_err(|reason| Error::io("open", &path, reason))?;
        #[expect(
            clippy::disallowed_methods,
            reason = "ends with the log, and begins before there is a driver"
        )]
        let rotation = tokio::spawn(rotate_when_full(path.clone())).abort_handle();
        let log = Self {
            path,
            start,
            rotation,
        };
        Ok((log, file))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The last lines this run has logged.
    pub(super) fn tail(&self) -> String {
        const MOST: u64 = 4096;
        let mut bytes = Vec::new();
        // An unreadable log must not hide the error it was to explain.
        let _ = open(&self.path).and_then(|mut file| {
            let length = file.metadata()?.len();
            let start = if self.start > length { 0 } else { self.start };
            file.seek(SeekFrom::Start(start.max(length.saturating_sub(MOST))))?;
            file.read_to_end(&mut bytes)
        });
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.rotation.abort();
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    files::open(path, &mut options)
}

async fn rotate_when_full(path: PathBuf) {
    let mut ticks = interval(INTERVAL);
    loop {
        ticks.tick().await;
        let path = path.clone();
        let rotated = spawn_blocking(move || rotate(&path, &mut open(&path)?)).await;
        if let Ok(Err(error)) = rotated {
            tracing::warn!(%error, "PostgreSQL log rotation failed");
        }
    }
}

/// Puts the log aside if it is too long: the end of it is copied, and then it is emptied.
/// The server goes on appending to the same file, so it need not be told, nor lives it by
/// this process; a line that comes between the copy and the end of it is lost.
fn rotate(path: &Path, file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    if length <= LIMIT {
        return Ok(());
    }
    let copied = put_aside(path, file, length - LIMIT);
    // On a full disk above all.
    file.set_len(0)?;
    copied
}

fn put_aside(path: &Path, file: &mut File, from: u64) -> io::Result<()> {
    let aside = |number: u32| path.with_extension(format!("log.{number}"));
    for number in (1..KEPT).rev() {
        match fs::rename(aside(number), aside(number + 1)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut copy = options.open(aside(1))?;
    file.seek(SeekFrom::Start(from))?;
    io::copy(&mut file.take(LIMIT), &mut copy)?;
    Ok(())
}
