//! Host files and directories: opened with the caller's rights, never nosuid- or nodev-less, never as real root when writable.

use super::context::{Context, act_as};
use super::tree::Tree;
use super::{api, target};
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Bind, Owner};
use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY};
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// A path on the host and what may be done with it.
pub struct Source<'a> {
    pub path: &'a str,
    pub owner: Option<Owner>,
    pub read_only: bool,
    pub exec: bool,
}

pub fn place(bind: &Bind, tree: &Tree, context: &Context, watched: &mut Vec<OwnedFd>) -> Result<(), Error> {
    let source = Source { path: &bind.source, owner: bind.owner, read_only: bind.read_only, exec: bind.exec };
    let (mount, directory) = source.copy(Code::MountSourceUnavailable, context)?;
    let target = if directory { target::directory(tree, &bind.at)? } else { target::file(tree, &bind.at)? };
    tree.bound.borrow_mut().push(bind.at.clone());
    api::attach(&mount, &target, &bind.at)?;
    if !bind.read_only && answers_at_once(&mount) {
        watched.push(mount);
    }
    Ok(())
}

impl Source<'_> {
    /// A detached, restricted mount of it, and whether it is a directory.
    pub fn copy(&self, failed: Code, context: &Context) -> Result<(OwnedFd, bool), Error> {
        // Without root the broker is its caller: there are no other rights to give up.
        let (opened, directory) =
            if context.privileged { act_as(context.caller, || self.open(failed)) } else { self.open(failed) }?;
        let optional = self.owner.is_some_and(|owner| owner.optional);
        // What lies below a mount stays covered by it: those files are out of the caller's reach, and a copy of the one mount
        // would bring them back. Only root may have that, with an owner, since not every file system below can be idmapped.
        let whole = self.owner.is_none() || optional || !context.caller.is_root();
        let mount = api::copy(&opened, whole).attempt_on(failed, "open_tree", self.path)?;
        let read_only = if self.read_only { MOUNT_ATTR_RDONLY } else { 0 };
        let noexec = if self.exec { 0 } else { MOUNT_ATTR_NOEXEC };
        let attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | read_only | noexec;
        api::set(&mount, whole, attributes).attempt_on(failed, "mount_setattr", self.path)?;
        if let Some(owner) = self.owner {
            let namespace = context.idmap(owner, self.path)?;
            // Of root's only the mount that was named: nobody named the file systems below it.
            let mapped = api::set_idmap(&mount, whole && !context.caller.is_root(), namespace);
            match mapped {
                Err(_) if optional => {}
                mapped => mapped.attempt_on(Code::MountIdmapUnsupported, "mount_setattr idmap", self.path)?,
            }
        }
        Ok((mount, directory))
    }

    fn open(&self, failed: Code) -> Result<(OwnedFd, bool), Error> {
        let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let opened = match rustix::fs::openat2(CWD, self.path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // The library sent a canonical path: a link in it appeared since, or was hidden from it.
            Err(Errno::LOOP) => return Err(Errno::LOOP).attempt_on(Code::MountSourceLink, "openat2", self.path),
            opened => opened.attempt_on(failed, "openat2", self.path)?,
        };
        let stat = rustix::fs::fstat(&opened).attempt_on(failed, "fstat", self.path)?;
        let directory = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => true,
            FileType::RegularFile => false,
            // A socket or device would be a way to talk to the host, a FIFO one to block on.
            _ => return Err(Error::new(failed, "fstat").path(self.path).detail("neither a file nor a directory")),
        };
        let wanted = libc::R_OK | if directory { libc::X_OK } else { 0 } | if self.read_only { 0 } else { libc::W_OK };
        bulkhead_sys::may_access(&opened, wanted).attempt_on(failed, "access", self.path)?;
        Ok((opened, directory))
    }
}

/// Whether asking this file system how full it is never waits for anybody: a server on the network that is gone, or a program of the caller's
/// that stands behind it, would hold the broker up, and with it every other caller.
fn answers_at_once(mount: &OwnedFd) -> bool {
    const LOCAL: [i64; 5] = [
        libc::EXT4_SUPER_MAGIC,
        libc::XFS_SUPER_MAGIC,
        libc::BTRFS_SUPER_MAGIC,
        libc::F2FS_SUPER_MAGIC,
        libc::TMPFS_MAGIC,
    ];
    rustix::fs::fstatfs(mount).is_ok_and(|stat| LOCAL.contains(&stat.f_type))
}
