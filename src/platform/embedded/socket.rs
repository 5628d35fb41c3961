//! Where the server listens: one Unix socket, in a directory closed to other users.
//! There must never be another way in, because the server asks nobody for a password.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::cluster::remove_file;
use super::error::Error;

/// The kernel takes 104 to 108 bytes, its end mark included, depending on the system.
const PATH_LIMIT: usize = 100;

/// The socket's directory.
#[derive(Debug)]
pub(super) struct SocketDir {
    dir: PathBuf,
    temporary: bool,
}

impl SocketDir {
    /// Makes it in the data directory, or, where the path would be too long, in the temporary one.
    /// There each cluster has one name, so that killed servers do not pile up directories.
    pub(super) async fn create(data_dir: &Path, account: &Account) -> Result<Self, Error> {
        let mut dir = data_dir.join("run");
        let temporary = !fits(dir.as_os_str());
        if temporary {
            let root =
                fs::metadata(data_dir).map_err(|reason| Error::io("read", data_dir, reason))?;
            let name = format!("minicrm-{:x}-{:x}", root.dev(), root.ino());
            dir = std::env::temp_dir().join(&name);
            if !fits(dir.as_os_str()) {
                dir = Path::new("/tmp").join(name);
            }
            account.check_reach(dir.parent().unwrap_or(&dir)).await?;
        }
        account.private_dir(&dir)?;
        // A killed server leaves this with its process number, as stale as its `postmaster.pid`.
        remove_file(&dir.join(".s.PGSQL.5432.lock"))?;
        Ok(Self { dir, temporary })
    }

    /// The setting is a list, so a name with a comma or a blank in it has to be quoted.
    pub(super) fn setting(&self) -> OsString {
        let mut setting = OsString::from("unix_socket_directories=\"");
        setting.push(&self.dir);
        setting.push("\"");
        setting
    }

    /// The address of a database on this socket.
    pub(super) fn url(&self, database: &str) -> String {
        let host = percent_encode(self.dir.as_os_str().as_bytes());
        format!(
            "postgres://postgres@{host}/{}",
            percent_encode(database.as_bytes())
        )
    }

    /// Removes it from the temporary directory. If that fails, it waits for the next start.
    pub(super) fn remove(&self) {
        if self.temporary {
            let _ = fs::remove_dir(&self.dir);
        }
    }
}

fn fits(dir: &OsStr) -> bool {
    dir.len() + "/.s.PGSQL.5432".len() < PATH_LIMIT
}

fn percent_encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::percent_encode;

    #[test]
    fn directories_survive_as_the_host_of_an_address() {
        assert_eq!(
            percent_encode(b"/tmp/a b,\xc3\xa9/run"),
            "%2Ftmp%2Fa%20b%2C%C3%A9%2Frun"
        );
    }
}
