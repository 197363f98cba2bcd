//! Files and directories of the host: opened with the caller's rights, and cloned into a detached mount that is always
//! nosuid and nodev.
//!
//! As root, a front opens them and the keeper clones them: a file can be cloned only in the mount namespace in which it
//! was opened. Without root, setup does both, in its own copy of that namespace.

use super::api;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Caller, Order, Owner, Source, SourceNumber};
use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY};
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;

/// The use of a source determines its error.
fn failed(order: &Order, number: SourceNumber) -> Code {
    if order.is_root(number) { Code::RootUnavailable } else { Code::MountSourceUnavailable }
}

fn is_optional(source: &Source) -> bool {
    matches!(source.owner, Some(Owner::One(owner)) if owner.optional)
}

/// Opens a source by path, without following a link, if the calling process has the access that the order wants.
pub fn open(order: &Order, number: SourceNumber, source: &Source) -> Result<OwnedFd, Error> {
    let (path, failed) = (source.path.as_str(), failed(order, number));
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let device = order.is_device(number);
    // An open device proves the access to it.
    let flags = OFlags::CLOEXEC | if device { OFlags::RDWR | OFlags::NONBLOCK } else { OFlags::PATH };
    let opened = match rustix::fs::openat2(CWD, path, flags, Mode::empty(), resolve) {
        // The library sent a canonical path: a link in it appeared since then, or was hidden from the library.
        Err(Errno::LOOP) => return Err(Errno::LOOP).attempt_on(Code::MountSourceLink, "openat2", path),
        opened => opened.attempt_on(failed, "openat2", path)?,
    };
    if device {
        return Ok(opened);
    }
    let directory = is_directory(&opened, failed, path)?;
    let wanted = libc::R_OK | if directory { libc::X_OK } else { 0 } | if source.read_only { 0 } else { libc::W_OK };
    bulkhead_sys::may_access(&opened, wanted).attempt_on(failed, "access", path)?;
    Ok(opened)
}

/// A socket or device would be a way to talk to the host, and a FIFO could block. Sends no request to a file system's
/// server, which could delay the keeper.
pub fn is_directory(opened: impl AsFd, failed: Code, path: &str) -> Result<bool, Error> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let stat = rustix::fs::statx(opened, "", flags, StatxFlags::TYPE).attempt_on(failed, "statx", path)?;
    match FileType::from_raw_mode(u32::from(stat.stx_mode)) {
        FileType::Directory => Ok(true),
        FileType::RegularFile => Ok(false),
        _ => Err(Error::new(failed, "statx").path(path).detail("neither a file nor a directory")),
    }
}

/// Handles of namespaces and processes are regular files too, and the one kind that the kernel clones in any mount
/// namespace.
fn has_path(opened: impl AsFd) -> bool {
    let link = format!("/proc/self/fd/{}", opened.as_fd().as_raw_fd());
    std::fs::read_link(link).is_ok_and(|path| path.is_absolute())
}

/// Whether all users except this caller may read it, because the caller is its owner or in its group: the sandbox
/// counts as another user. Uses only the mode, since a server could delay a check of a user's access.
fn withheld(opened: impl AsFd, directory: bool, caller: &Caller) -> Result<bool, Errno> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let stat = rustix::fs::statx(opened, "", flags, StatxFlags::MODE | StatxFlags::UID | StatxFlags::GID)?;
    let class = match stat {
        _ if stat.stx_uid == caller.uid => stat.stx_mode >> 6,
        _ if caller.has_group(stat.stx_gid) => stat.stx_mode >> 3,
        _ => return Ok(false),
    };
    let others = stat.stx_mode & if directory { 5 } else { 4 };
    Ok(others & !class != 0)
}

/// A detached, restricted mount of an opened source; a device as it is. `idmap`: the user namespace that describes its
/// owner.
pub fn clone(
    order: &Order,
    number: SourceNumber,
    source: &Source,
    opened: impl AsFd,
    caller: &Caller,
    idmap: Option<&OwnedFd>,
) -> Result<OwnedFd, Error> {
    let (path, failed) = (source.path.as_str(), failed(order, number));
    if order.is_device(number) {
        return opened.as_fd().try_clone_to_owned().attempt_on(failed, "dup", path);
    }
    let directory = is_directory(&opened, failed, path)?;
    if !directory && !has_path(&opened) {
        return Err(Error::new(failed, "readlink").path(path).detail("not a file of a file system"));
    }
    if !caller.is_root() && withheld(&opened, directory, caller).attempt_on(failed, "statx", path)? {
        return Err(Error::new(failed, "access").path(path).errno(libc::EACCES));
    }
    // Files below a mount stay covered by it: the caller cannot reach them, and a copy of the one mount would expose
    // them. Only root may have such a copy, with an owner, since not every file system below can be idmapped.
    let whole = source.owner.is_none() || is_optional(source) || !caller.is_root();
    let mount = api::copy(&opened, whole).attempt_on(failed, "open_tree", path)?;
    let read_only = if source.read_only { MOUNT_ATTR_RDONLY } else { 0 };
    let noexec = if source.exec { 0 } else { MOUNT_ATTR_NOEXEC };
    let attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | read_only | noexec;
    api::set(&mount, whole, attributes).attempt_on(failed, "mount_setattr", path)?;
    if let Some(namespace) = idmap {
        // For root, idmap only the mount that was named: the file systems below it were not named.
        match api::set_idmap(&mount, whole && !caller.is_root(), namespace) {
            Err(_) if is_optional(source) => {}
            mapped => mapped.attempt_on(Code::MountIdmapUnsupported, "mount_setattr idmap", path)?,
        }
    }
    Ok(mount)
}

/// The mounts of all sources, by the order's numbers: for use without root.
pub fn own(order: &Order, caller: &Caller) -> Result<Vec<OwnedFd>, Error> {
    (0..)
        .zip(&order.sources)
        .map(|(number, source)| {
            let opened = open(order, number, source)?;
            clone(order, number, source, opened, caller, None)
        })
        .collect()
}
