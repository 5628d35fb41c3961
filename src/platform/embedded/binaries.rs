//! Finds the Postgres server binaries, and installs them with `apt-get` where that is allowed.
//! Never starts a server, and never installs over binaries that are there.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::error::Error;
use super::program::run;

/// Debian's packages keep each major version in a directory of its own below this one.
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";

/// What the Debian package reads when it is installed.
const CREATE_CLUSTER: &str = "/etc/postgresql-common/createcluster.conf";

/// A directory that holds `initdb` and `postgres`, and their major version.
pub(super) struct Binaries {
    dir: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// The binaries in `explicit` and nowhere else, or those of the system.
    /// Of several versions installed, the one that made the cluster wins, so that
    /// a newer one installed beside it does not lock the cluster out.
    pub(super) async fn find(explicit: Option<&Path>, cluster: Option<u32>) -> Result<Self, Error> {
        if let Some(dir) = explicit {
            let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
            if !is_complete(&dir) {
                return Err(Error::BinDir(dir));
            }
            return Ok(Self {
                major: major(&dir).await?,
                dir,
            });
        }
        let mut first = None;
        for dir in candidates().await {
            let major = match major(&dir).await {
                Ok(major) => major,
                Err(error) => {
                    tracing::debug!(%error, "skipping PostgreSQL binaries that do not run");
                    continue;
                }
            };
            let found = Self { dir, major };
            if cluster.is_none_or(|cluster| cluster == major) {
                return Ok(found);
            }
            first.get_or_insert(found);
        }
        first.ok_or(Error::NotInstalled)
    }

    /// The path of one binary.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// Installs Debian's packages. They would start a server of their own on port 5432
/// for the whole machine, which nobody asked for, so that is switched off first,
/// unless the machine's owner has already said what they want.
pub(super) async fn install() -> Result<(), Error> {
    if on_path("apt-get").next().is_none() {
        return Err(Error::NotInstalled);
    }
    tracing::info!(
        "PostgreSQL is not installed; installing it with apt-get, which may take a minute"
    );
    write_create_cluster().map_err(|reason| Error::io("write", CREATE_CLUSTER, reason))?;
    // A stale mirror among several fails the update but need not fail the installation.
    let update = run(apt_get().arg("update")).await;
    let mut command = apt_get();
    let options = "-y --no-install-recommends -oDpkg::Options::=--force-confdef -oDpkg::Options::=--force-confold";
    command.arg("install").args(options.split(' '));
    command.args(["postgresql", "postgresql-contrib"]);
    match (run(&mut command).await, update) {
        (Ok(_), _) => Ok(()),
        (Err(_), Err(update)) => Err(update),
        (Err(install), Ok(_)) => Err(install),
    }
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .stdin(Stdio::null())
        .env("DEBIAN_FRONTEND", "noninteractive");
    command.args(["-q", "-oDPkg::Lock::Timeout=120"]);
    command
}

fn write_create_cluster() -> std::io::Result<()> {
    if let Some(dir) = Path::new(CREATE_CLUSTER).parent() {
        fs::create_dir_all(dir)?;
    }
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(CREATE_CLUSTER)
    {
        Ok(mut file) => file.write_all(b"create_main_cluster = false\n"),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Every complete directory of binaries on the system, best first.
async fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    // `pg_config` belongs to the client library and often names a directory with no server in it.
    if let Ok(dir) = run(Command::new("pg_config").arg("--bindir")).await {
        dirs.push(PathBuf::from(dir.trim_end()));
    }
    // A lone link or wrapper called `postgres` on PATH is not enough: the link's target
    // has `initdb` beside it, the wrapper has not and is left out by `is_complete`.
    dirs.extend(on_path("postgres").filter_map(|file| Some(file.parent()?.to_path_buf())));
    let mut debian: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN_ROOT)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    debian.sort_unstable();
    dirs.extend(debian.into_iter().rev().map(|(_, root)| root.join("bin")));
    dirs.retain(|dir| is_complete(dir));
    dirs
}

/// The programs of this name on PATH, in its order, links resolved.
fn on_path(name: &str) -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let files: Vec<PathBuf> = env::split_paths(&path).map(|dir| dir.join(name)).collect();
    files
        .into_iter()
        .filter(|file| file.is_file())
        .filter_map(|file| file.canonicalize().ok())
}

fn is_complete(dir: &Path) -> bool {
    dir.is_absolute()
        && ["initdb", "postgres"]
            .iter()
            .all(|name| dir.join(name).is_file())
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian ...)` and the likes of `17beta1`.
async fn major(dir: &Path) -> Result<u32, Error> {
    let postgres = dir.join("postgres");
    let output = run(Command::new(&postgres).arg("--version").env("LC_ALL", "C")).await?;
    parse_major(&output).ok_or_else(|| Error::Failed {
        command: postgres.as_os_str().to_string_lossy().into_owned(),
        output: format!("unexpected version: {}", output.trim_end()),
    })
}

fn parse_major(version: &str) -> Option<u32> {
    let number = version.split_once(") ")?.1;
    let end = number
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(number.len());
    number.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn majors_are_read_from_every_form_of_version() {
        assert_eq!(
            parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(parse_major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(parse_major("postgres (PostgreSQL) 18\n"), Some(18));
        assert_eq!(parse_major("some wrapper 3.1"), None);
    }
}
