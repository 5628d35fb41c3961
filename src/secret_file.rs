//! Files with keys and other secrets, as settings name them: read only if others
//! cannot, as OpenSSH has it.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
    path::Path,
};

/// What is for others than the owner and the group.
const OTHERS: u32 = 0o007;
/// What lets the group change it.
const GROUP_WRITES: u32 = 0o020;
/// What is for others than the owner.
const GROUP_AND_OTHERS: u32 = 0o077;

/// What is in the file. The error is a message for the terminal.
///
/// A file of this process's own user must be for that user alone. One of somebody
/// else's may be handed over by its group, as Kubernetes (`fsGroup`) and packages do
/// it, but only to be read.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error| format!("cannot read {}: {error}", path.display());
    // What is looked at is what is read, even if the name is given to another file.
    let mut file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.mode() & 0o777;
    let own = own_uid().is_none_or(|uid| uid == metadata.uid());
    let forbidden = if own {
        GROUP_AND_OTHERS
    } else {
        OTHERS | GROUP_WRITES
    };
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

/// The user this process is.
fn own_uid() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|process| process.uid())
}
