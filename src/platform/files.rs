//! Files and directories that decide what the service is. A name alone is not trusted:
//! whoever could write to a directory once may have put a link, or a file of their own,
//! where one of ours is expected.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, absolute},
    process::Command,
    sync::OnceLock,
};

/// Writable by the group or by everybody.
const WRITABLE: u32 = 0o022;
/// Of use for anybody but the owner.
const OPEN: u32 = 0o077;
/// Of use for others than the owner and the group, or writable for the group.
const OPEN_BEYOND_GROUP: u32 = 0o027;
/// In a directory with this bit nobody renames or removes what is another's.
const STICKY: u32 = 0o1000;
const ROOT: u32 = 0;

/// Opens a file of this process's user, made if `options` say so. Links are not followed,
/// and what somebody else owns, may write to or has another name for is refused.
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    checked(path, options, WRITABLE)
}

/// Reads a file that nobody else may read, under the conditions of [`open`].
pub fn read_secret(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    checked(path, OpenOptions::new().read(true), OPEN)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Reads a file with a key or another secret that a setting names; the error is a message
/// for the terminal. As OpenSSH has it, a file of this process's own user must be for that
/// user alone. One of somebody else's may be handed over by its group, as Kubernetes
/// (`fsGroup`) and packages do it, but only to be read.
pub fn read_named_secret(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error| format!("cannot read {}: {error}", path.display());
    // What is looked at is what is read, even if the name is given to another file.
    let mut file = File::open(path).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    let own = own_uid().is_none_or(|uid| uid == found.uid());
    let forbidden = if own { OPEN } else { OPEN_BEYOND_GROUP };
    let mode = found.mode() & 0o777;
    if mode & forbidden != 0 {
        return Err(format!(
            "will not use {}: its mode {mode:03o} lets others at the secret in it (chmod 600)",
            path.display()
        ));
    }
    let mut contents = Vec::new();
    file.read_to_end(&mut contents).map_err(unreadable)?;
    Ok(contents)
}

/// Writes a file that nobody else can read, all of it or nothing.
pub fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(unfinished, path)
}

/// Reads a small file whoever owns it, but neither through a link nor from a pipe.
pub fn read_plain(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = without_links(path, OpenOptions::new().read(true))?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    file.take(1 << 20).read_to_string(&mut text)?;
    Ok(text)
}

/// Refuses a directory that belongs to somebody else or that others may write to, and one
/// that others could put another in the place of.
pub fn check_directory(dir: &Path) -> io::Result<()> {
    let own = own_uid().ok_or_else(|| io::Error::other("the user of this process is unknown"))?;
    let ours = |found: &Metadata| found.uid() == ROOT || found.uid() == own;
    for way in absolute(dir)?.ancestors() {
        let found = fs::symlink_metadata(way)?;
        if found.is_symlink() && !ours(&found) {
            return Err(refused(way, "is a link of another user's"));
        }
    }
    for (above, way) in dir.canonicalize()?.ancestors().enumerate() {
        let found = fs::metadata(way)?;
        let writable = found.mode() & WRITABLE;
        let safe = match above {
            0 if found.uid() != own => return Err(refused(way, "belongs to another user")),
            0 => writable == 0,
            _ if !ours(&found) => return Err(refused(way, "belongs to another user")),
            // Many a home directory is writable for a group of its owner alone.
            _ => {
                found.mode() & STICKY != 0
                    || writable == 0
                    || (writable == 0o020 && [Some(ROOT), own_gid()].contains(&Some(found.gid())))
            }
        };
        if !safe {
            return Err(refused(way, "is writable for others (chmod go-w)"));
        }
    }
    Ok(())
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{} {why}", path.display()))
}

fn checked(path: &Path, options: &mut OpenOptions, forbidden: u32) -> io::Result<File> {
    let file = without_links(path, options)?;
    let found = file.metadata()?;
    let wrong = if !found.is_file() {
        "it is not a file"
    } else if Some(found.uid()) != own_uid() {
        "it belongs to another user"
    } else if found.mode() & forbidden != 0 {
        "it is open to others (chmod 600)"
    } else if found.nlink() > 1 {
        "it has another name, too"
    } else {
        return Ok(file);
    };
    Err(io::Error::other(wrong))
}

/// Does not wait for who writes to a pipe either.
fn without_links(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP) => io::Error::other("it is a symbolic link"),
            _ => error,
        })
}

/// The user of this process. The standard library cannot tell, and finding out by a system
/// call would be unsafe code.
pub fn own_uid() -> Option<u32> {
    static UID: OnceLock<Option<u32>> = OnceLock::new();
    *UID.get_or_init(|| {
        let process = fs::metadata("/proc/self").ok();
        process.map(|process| process.uid()).or_else(|| id("-u"))
    })
}

fn own_gid() -> Option<u32> {
    static GID: OnceLock<Option<u32>> = OnceLock::new();
    *GID.get_or_init(|| id("-g"))
}

fn id(option: &str) -> Option<u32> {
    let output = Command::new("id").arg(option).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
