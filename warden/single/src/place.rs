//! Where the files are unpacked: the rules of `packages/bulkhead/src/host/installed/place.ts`.

use crate::failure::Failure;
use std::env::{home_dir, var_os};
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

const TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
/// Only an entry's owner, and the directory's, can rename or remove an entry of such a directory.
const STICKY: u32 = 0o1000;

/// The directory of unpacked programs, created if it is missing, without links: another user could replace a link after
/// a check.
pub fn own_programs_directory() -> Result<PathBuf, Failure> {
    let path = programs_directory()?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(&path)
        .map_err(|error| Failure::missing("create directory", &path, &error))?;
    let real = path.canonicalize().map_err(|error| Failure::missing("resolve", &path, &error))?;
    require_own(&real)?;
    Ok(real)
}

/// `BULKHEAD_PROGRAMS`, root's `/var/lib/bulkhead/programs`, or a directory in the user's own data directory.
fn programs_directory() -> Result<PathBuf, Failure> {
    if let Some(chosen) = var_os("BULKHEAD_PROGRAMS").filter(|value| !value.is_empty()) {
        return std::path::absolute(&chosen).map_err(|error| Failure::missing("resolve", Path::new(&chosen), &error));
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/bulkhead/programs"));
    }
    // The base directory specification says to ignore a path that is not absolute.
    let data = var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = data.or_else(|| home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".local/share")));
    base.map(|base| base.join("bulkhead/programs"))
        .ok_or_else(|| Failure::missing("find", Path::new("HOME"), &"this user has no home directory"))
}

/// Requires that only root and this user can change what is at `path`: it runs with all rights of this user. A
/// directory above may be sticky, like /tmp; `path` itself may not.
pub fn require_own(path: &Path) -> Result<(), Failure> {
    for at in path.ancestors() {
        let stat = at.symlink_metadata().map_err(|error| Failure::missing("stat", at, &error))?;
        let mode = if at == path { stat.mode() & !STICKY } else { stat.mode() };
        if let Some(detail) = objection(stat.uid(), stat.gid(), mode, rustix::process::geteuid().as_raw()) {
            return Err(Failure::untrusted(at, detail));
        }
    }
    Ok(())
}

fn objection(uid: u32, gid: u32, mode: u32, own: u32) -> Option<String> {
    if mode & TYPE != DIRECTORY {
        return Some("not a directory".to_owned());
    }
    if uid != 0 && uid != own {
        return Some(format!("user {uid} owns it"));
    }
    if mode & STICKY != 0 {
        return None;
    }
    if mode & OTHERS_WRITE != 0 {
        return Some("every user may write to it".to_owned());
    }
    // A group of the user's own number is the user's private one; distributions that create those use umask 002.
    let private = gid == 0 || (own != 0 && gid == own);
    (mode & GROUP_WRITES != 0 && !private).then(|| format!("group {gid} may write to it"))
}

#[cfg(test)]
mod tests {
    use super::objection;

    #[test]
    fn trusts_what_only_root_and_this_user_can_change() {
        for (uid, gid, mode) in [(0, 0, 0o755), (0, 0, 0o775), (1000, 1000, 0o775), (1000, 50, 0o755), (0, 0, 0o1777)] {
            assert_eq!(objection(uid, gid, 0o040_000 | mode, 1000), None, "{uid} {gid} {mode:o}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for (uid, gid, mode) in [(1001, 0, 0o755), (1000, 1000, 0o777), (1000, 50, 0o775), (1001, 0, 0o1777)] {
            assert!(objection(uid, gid, 0o040_000 | mode, 1000).is_some(), "{uid} {gid} {mode:o}");
        }
        assert!(objection(0, 1000, 0o040_775, 0).is_some(), "root trusts no group but its own");
        assert!(objection(0, 0, 0o120_777, 0).is_some(), "a link");
        assert!(objection(0, 0, 0o100_755, 0).is_some(), "a file");
    }
}
