//! Finds (and, in a root of our own, creates) mount points.
//!
//! The root file system is hostile: its links must not lead a mount out of it, and a name in it may be of any type.

use super::tree::{Place, Tree};
use bulkhead_error::{Attempt, Code, Error};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

const FAILED: Code = Code::MountTargetUnavailable;

/// Links may lead anywhere within the root: an image's `/var/run` is a link.
const WITHIN: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);
/// For `/proc`, `/sys`, `/dev` and paths below them: exactly this name, without links.
const EXACTLY: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_SYMLINKS);

fn open(root: impl AsFd, at: &str, flags: OFlags, resolve: ResolveFlags) -> Result<OwnedFd, Errno> {
    rustix::fs::openat2(root, at, OFlags::PATH | OFlags::CLOEXEC | flags, Mode::empty(), resolve)
}

/// A directory to mount on.
pub fn directory(tree: &Tree, at: &str) -> Result<OwnedFd, Error> {
    let place = tree.place(at);
    outside_of_reserved(tree, &place, directory_in(&place, WITHIN, at)?, at)
}

fn directory_in(place: &Place, resolve: ResolveFlags, at: &str) -> Result<OwnedFd, Error> {
    match open(&*place.root, place.path, OFlags::DIRECTORY, resolve) {
        Err(Errno::NOENT) if place.growable => make_directory(place, at),
        opened => opened.attempt_on(FAILED, "open mount point", at),
    }
}

/// A link of the image may lead from a freely chosen mount point into the kernel's trees, which init and programs trust
/// (as in runc's CVE-2019-16884), or to the root itself, which the mount would cover.
fn outside_of_reserved(tree: &Tree, place: &Place, found: OwnedFd, at: &str) -> Result<OwnedFd, Error> {
    let stat = rustix::fs::fstat(&found).attempt_on(FAILED, "fstat", at)?;
    let reserved = tree.reserved.borrow();
    let (root, kernel) = reserved.split_first().ok_or_else(|| Error::new(FAILED, "open mount point").path(at))?;
    let within = rustix::fs::fstat(&*place.root).attempt_on(FAILED, "fstat", at)?;
    let covered = [*root, (within.st_dev, within.st_ino)];
    if covered.contains(&(stat.st_dev, stat.st_ino)) || kernel.iter().any(|(device, _)| *device == stat.st_dev) {
        return Err(Error::new(FAILED, "open mount point").path(at).detail("a link leads to a reserved place"));
    }
    Ok(found)
}

/// A directory to mount a kernel file system on.
pub fn plain_directory(tree: &Tree, at: &str) -> Result<OwnedFd, Error> {
    directory_in(&tree.place(at), EXACTLY, at)
}

/// A file to mount a file on.
pub fn file(tree: &Tree, at: &str) -> Result<OwnedFd, Error> {
    let place = tree.place(at);
    let found = match open(&*place.root, place.path, OFlags::empty(), WITHIN) {
        Err(Errno::NOENT) if place.growable => {
            let (parent, name) = parent_of(tree, at)?;
            create(&parent, name, at)?;
            open(&parent, name, OFlags::NOFOLLOW, ResolveFlags::BENEATH).attempt_on(FAILED, "open mount point", at)
        }
        opened => opened.attempt_on(FAILED, "open mount point", at),
    }?;
    outside_of_reserved(tree, &place, found, at)
}

/// The file or directory to cover, if it exists and no link leads to it.
pub fn existing(tree: &Tree, at: &str) -> Result<Option<OwnedFd>, Error> {
    let place = tree.place(at);
    match open(&*place.root, place.path, OFlags::NOFOLLOW, EXACTLY) {
        Err(Errno::NOENT) => Ok(None),
        opened => opened.map(Some).attempt_on(FAILED, "open", at),
    }
}

/// The directory in which to create `at`, and the last part of its path.
pub fn parent_of<'a>(tree: &Tree, at: &'a str) -> Result<(OwnedFd, &'a str), Error> {
    let (parent, name) = at.rsplit_once('/').unwrap_or(("", at));
    let place = tree.place(at);
    // A root is not a mount point, but files can be created in it.
    let parent = if place.path.rfind('/') == Some(0) {
        open(&*place.root, "/", OFlags::DIRECTORY, WITHIN).attempt_on(FAILED, "open", parent)?
    } else {
        directory(tree, parent)?
    };
    Ok((parent, name))
}

pub fn create(parent: impl AsFd, name: &str, at: &str) -> Result<OwnedFd, Error> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::from_raw_mode(0o644)).attempt_on(FAILED, "create", at)
}

/// Creates each part in turn, so that a link made by an image stays within the root.
fn make_directory(place: &Place, at: &str) -> Result<OwnedFd, Error> {
    let mut here = open(&*place.root, "/", OFlags::DIRECTORY, WITHIN).attempt_on(FAILED, "open", at)?;
    let mut path = String::new();
    for part in place.path.split('/').filter(|part| !part.is_empty()) {
        path.push('/');
        path.push_str(part);
        here = match open(&*place.root, &path, OFlags::DIRECTORY, WITHIN) {
            Err(Errno::NOENT) => {
                rustix::fs::mkdirat(&here, part, Mode::from_raw_mode(0o755)).attempt_on(FAILED, "mkdir", &path)?;
                open(&here, part, OFlags::DIRECTORY | OFlags::NOFOLLOW, ResolveFlags::BENEATH)
            }
            opened => opened,
        }
        .attempt_on(FAILED, "open mount point", &path)?;
    }
    Ok(here)
}
