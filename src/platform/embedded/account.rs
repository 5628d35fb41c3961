//! The user the server runs as, since Postgres refuses to run as root.
//! Never changes the owner of anything but the private directories it makes.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, lchown};
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::error::Error;
use super::program::run;
use crate::platform::files::own_uid;

/// A user to run commands as.
pub(super) struct Account {
    name: String,
    uid: u32,
    /// The group to change to, if this is not the user of this process already.
    gid: Option<u32>,
}

impl Account {
    /// The user of this process; for root the owner of the cluster, else the user
    /// the packages have made for Postgres, else `nobody`.
    pub(super) async fn find(cluster: &Path) -> Result<Self, Error> {
        let own = own_uid();
        if own != Some(0) {
            let uid = own.unwrap_or(u32::MAX);
            return Ok(Self {
                name: uid.to_string(),
                uid,
                gid: None,
            });
        }
        let found = fs::symlink_metadata(cluster);
        if found.as_ref().is_ok_and(|found| !found.is_dir()) {
            let reason = io::Error::other("it is not a directory");
            return Err(Error::io("use", cluster, reason));
        }
        if let Ok(owner) = found
            && owner.uid() != 0
        {
            return Ok(Self {
                name: owner.uid().to_string(),
                uid: owner.uid(),
                gid: Some(owner.gid()),
            });
        }
        match Self::named("postgres").await {
            Ok(account) => Ok(account),
            Err(_) => Self::named("nobody").await,
        }
    }

    async fn named(name: &str) -> Result<Self, Error> {
        let uid = id("-u", name).await?;
        let gid = id("-g", name).await?;
        Ok(Self {
            name: name.to_owned(),
            uid,
            gid: Some(gid),
        })
    }

    /// A command that runs as this user. What the environment says on locale and port
    /// does not reach it: the same cluster must come out on every machine.
    pub(super) fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).stdin(Stdio::null());
        command
            .env("LC_ALL", "C")
            .env_remove("PGPORT")
            .env_remove("PGDATA");
        if let Some(gid) = self.gid {
            // The standard library drops root's supplementary groups along with its user.
            command.uid(self.uid).gid(gid);
        }
        command
    }

    /// Makes a directory for this user alone, or checks that the one there is such a directory:
    /// in a temporary directory anybody could have put something else under its name.
    pub(super) fn private_dir(&self, dir: &Path) -> Result<(), Error> {
        match DirBuilder::new().mode(0o700).create(dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(Error::io("create", dir, error));
            }
            _ => {}
        }
        let found = fs::symlink_metadata(dir).map_err(|reason| Error::io("read", dir, reason))?;
        // One that is still root's was made by a start that was killed before the next lines.
        let ours = found.uid() == self.uid || (self.gid.is_some() && found.uid() == 0);
        if !found.is_dir() || found.mode() & 0o077 != 0 || !ours {
            return Err(Error::io(
                "use",
                dir,
                io::Error::other("it is not private to the user PostgreSQL runs as"),
            ));
        }
        match self.gid {
            Some(gid) => lchown(dir, Some(self.uid), Some(gid))
                .map_err(|reason| Error::io("change the owner of", dir, reason)),
            None => Ok(()),
        }
    }

    /// Fails with the first directory on the way to `dir` that this user may not pass.
    pub(super) async fn check_reach(&self, dir: &Path) -> Result<(), Error> {
        let mut way: Vec<&Path> = dir.ancestors().collect();
        way.reverse();
        let script = r#"for dir; do test -x "$dir" || { printf %s "$dir"; exit 0; }; done"#;
        let mut check = self.command("sh", Path::new("/"));
        let blocked = run(check.args(["-c", script, "sh"]).args(way)).await?;
        if blocked.is_empty() {
            return Ok(());
        }
        Err(Error::Unreachable {
            dir: dir.into(),
            blocked: blocked.into(),
            user: self.name.clone(),
        })
    }
}

/// Whether this process is root's.
pub(super) fn is_root() -> bool {
    own_uid() == Some(0)
}

async fn id(option: &str, name: &str) -> Result<u32, Error> {
    let output = run(Command::new("id").args([option, name])).await?;
    output.trim().parse().map_err(|_| Error::Failed {
        command: format!("id {option} {name}"),
        output,
    })
}
