//! Creating, removing and renaming.

use crate::files::Fields;
use crate::files::error::failed;
use bulkhead_plan::Error;
use rustix::fs::{AtFlags, CWD, FileType, Mode, statat};
use rustix::io::Errno;
use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;

/// `recursive` also creates the parents, and accepts an existing directory.
pub fn mkdir(path: &CStr, recursive: bool, mode: u32) -> Result<Fields, Error> {
    if recursive {
        for parent in parents(path) {
            match make(&parent, Mode::from_raw_mode(0o755), true) {
                // It blocks a path below it, rather than existing already.
                Err(Errno::EXIST) => Err(failed("mkdir", &parent)(Errno::NOTDIR)),
                result => result.map_err(failed("mkdir", &parent)),
            }?;
        }
    }
    make(path, Mode::from_raw_mode(mode), recursive).map_err(failed("mkdir", path))?;
    Ok(Fields::new())
}

fn make(path: &CStr, mode: Mode, may_exist: bool) -> Result<(), Errno> {
    match rustix::fs::mkdir(path, mode) {
        // EROFS or EACCES can hide that it exists, if the parent is not writable.
        Err(Errno::EXIST | Errno::ROFS | Errno::ACCESS) if may_exist && is_directory(path) => Ok(()),
        result => result,
    }
}

fn is_directory(path: &CStr) -> bool {
    statat(CWD, path, AtFlags::empty()).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir())
}

/// `/a/b/c`: `/a`, `/a/b`.
fn parents(path: &CStr) -> Vec<CString> {
    let bytes = path.to_bytes();
    let ends = (1..bytes.len()).filter(|at| bytes[*at] == b'/' && bytes[at - 1] != b'/');
    ends.filter_map(|at| CString::new(&bytes[..at]).ok()).collect()
}

/// Removes a file, an empty directory, or with `recursive` everything below it. Removes a symbolic link without
/// following it.
pub fn remove(path: &CStr, recursive: bool) -> Result<Fields, Error> {
    match rustix::fs::unlink(path) {
        Err(Errno::ISDIR) if recursive => {
            // The standard library's walk holds each directory open and never follows a link put in its place.
            std::fs::remove_dir_all(OsStr::from_bytes(path.to_bytes()))
                .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
                .map_err(failed("remove", path))
        }
        Err(Errno::ISDIR) => rustix::fs::rmdir(path).map_err(failed("rmdir", path)),
        result => result.map_err(failed("unlink", path)),
    }?;
    Ok(Fields::new())
}

pub fn rename(from: &CStr, to: &CStr) -> Result<Fields, Error> {
    rustix::fs::rename(from, to).map_err(failed("rename", from))?;
    Ok(Fields::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_in_the_order_of_making() {
        let of = |path: &CStr| parents(path).iter().map(|path| path.to_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(of(c"/a/b/c"), ["/a", "/a/b"]);
        assert_eq!(of(c"//a//b/"), ["//a", "//a//b"]);
        assert_eq!(of(c"/a"), [""; 0]);
    }
}
