//! The file system that holds the parts of the views: writable through one mount, read-only through every other.

use crate::mounts::api::{self, Filesystem};
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, OpenTreeFlags};
use std::io::Write;
use std::path::Path;

pub const FAILED: Code = Code::MountFailed;
pub const QUIET: u64 = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/// Every /proc has this directory, and the child does not need it. The mount disappears with the host's root.
const PLACE: &str = "/proc/fs";
/// Far more than all texts together: a thousand processors take 2 MiB.
const SIZE: &str = "8m";

/// We create all paths in it, so it contains no links except ours.
pub struct Workshop {
    writable: OwnedFd,
    shown: OwnedFd,
    /// True if the kernel mounts only into attached mounts: then the workshop holds trees while they are assembled.
    holds: bool,
}

/// The files that masks are copies of.
pub const NO_BYTES: &str = "empty";
pub const NO_FILES: &str = "none";

impl Workshop {
    pub fn open() -> Result<Self, Error> {
        let writable = Filesystem::new("tmpfs", PLACE)?.set("size", SIZE)?.set("mode", "0755")?.mount(QUIET)?;
        // Attach both, one over the other: before 6.15 only attached mounts can be copied, and on any kernel closing a
        // mount that was never attached waits for all processors.
        let attach = |mount: &OwnedFd| put(mount, CWD, PLACE).attempt_on(FAILED, "move_mount", PLACE);
        attach(&writable)?;
        let shown = restricted(&writable, "", PLACE)?;
        attach(&shown)?;
        let workshop = Self { writable, shown, holds: !detached_trees_take_mounts() };
        workshop.make_directory(NO_FILES)?;
        workshop.make_file(NO_BYTES, "")?;
        Ok(workshop)
    }

    /// Attaches a mount here if that lets it hold others, until it is moved into place.
    pub fn keep(&self, mount: &OwnedFd, named: &str) -> Result<(), Error> {
        if !self.holds {
            return Ok(());
        }
        self.make_directory(named)?;
        put(mount, &self.shown, named).attempt_on(FAILED, "move_mount", named)
    }

    /// Device and inode.
    pub fn identity(&self) -> Result<(u64, u64), Error> {
        identity(&self.shown)
    }

    pub fn make_directory(&self, path: &str) -> Result<(), Error> {
        rustix::fs::mkdirat(&self.writable, path, Mode::from_raw_mode(0o755)).attempt_on(FAILED, "mkdir", path)
    }

    pub fn link(&self, path: &str, to: &str) -> Result<(), Error> {
        rustix::fs::symlinkat(to, &self.writable, path).attempt_on(FAILED, "symlink", path)
    }

    pub fn make_file(&self, path: &str, text: &str) -> Result<(), Error> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.writable, path, flags, Mode::from_raw_mode(0o444))
            .attempt_on(FAILED, "create", path)?;
        std::fs::File::from(file).write_all(text.as_bytes()).attempt_on(FAILED, "write", path)
    }

    /// Writes to an existing file, which may already be mounted elsewhere.
    pub fn fill(&self, path: &str, text: &str) -> Result<(), Error> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.writable, path, flags, Mode::empty()).attempt_on(FAILED, "open", path)?;
        std::fs::File::from(file).write_all(text.as_bytes()).attempt_on(FAILED, "write", path)
    }

    /// A read-only mount of the file or directory at `path` in it.
    pub fn copy(&self, path: &str) -> Result<OwnedFd, Errno> {
        clone(&self.shown, path)
    }
}

/// Since Linux 6.15. Moving an attached tree makes the kernel wait for all processors.
fn detached_trees_take_mounts() -> bool {
    let uname = rustix::system::uname();
    let mut numbers = uname.release().to_str().unwrap_or_default().split(['.', '-']).map(str::parse::<u32>);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    (next(), next()) >= (6, 15)
}

/// A read-only mount of a directory.
pub fn restricted(at: impl AsFd, path: &str, named: &str) -> Result<OwnedFd, Error> {
    let copy = clone(at, path).attempt_on(FAILED, "open_tree", named)?;
    api::set(&copy, false, QUIET | MOUNT_ATTR_RDONLY).attempt_on(FAILED, "mount_setattr", named)?;
    Ok(copy)
}

/// A read-only mount of a host directory.
pub fn of_host(directory: &Path) -> Result<OwnedFd, Error> {
    let path = directory.to_string_lossy();
    restricted(CWD, &path, &path)
}

/// A copy of one mount, with its attributes. Links are not followed.
fn clone(at: impl AsFd, path: &str) -> Result<OwnedFd, Errno> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_SYMLINK_NOFOLLOW;
    rustix::mount::open_tree(at, path, flags)
}

/// Mounts on the file or directory at `path`, without following links.
pub fn put(mount: impl AsFd, at: impl AsFd, path: &str) -> Result<(), Errno> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    rustix::mount::move_mount(mount, "", at, path, flags)
}

pub fn identity(mount: impl AsFd) -> Result<(u64, u64), Error> {
    let stat = rustix::fs::fstat(mount).attempt(FAILED, "fstat")?;
    Ok((stat.st_dev, stat.st_ino))
}
