//! The new mount API, one step per call.

use bulkhead_error::{Attempt, Code, Error};
use bulkhead_sys::MountAttr;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags};

/// A file system that is being configured; `at` is only for messages.
pub struct Filesystem<'a> {
    context: OwnedFd,
    kind: &'a str,
    at: &'a str,
}

impl<'a> Filesystem<'a> {
    pub fn new(kind: &'a str, at: &'a str) -> Result<Self, Error> {
        let context = rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).attempt_on(
            Code::MountFailed,
            &format!("fsopen {kind}"),
            at,
        )?;
        Ok(Self { context, kind, at })
    }

    pub fn set(self, key: &str, value: &str) -> Result<Self, Error> {
        let operation = || format!("{} option {key}={value}", self.kind);
        rustix::mount::fsconfig_set_string(&self.context, key, value).attempt_on(
            Code::MountFailed,
            &operation(),
            self.at,
        )?;
        Ok(self)
    }

    pub fn flag(self, key: &str) -> Result<Self, Error> {
        rustix::mount::fsconfig_set_flag(&self.context, key).attempt_on(
            Code::MountFailed,
            &format!("{} option {key}", self.kind),
            self.at,
        )?;
        Ok(self)
    }

    /// A detached mount: no process sees it before `attach`.
    pub fn mount(self, attributes: u64) -> Result<OwnedFd, Error> {
        let operation = format!("mount {}", self.kind);
        rustix::mount::fsconfig_create(&self.context).attempt_on(Code::MountFailed, &operation, self.at)?;
        let flags = MountAttrFlags::from_bits_retain(u32::try_from(attributes).unwrap_or(0));
        rustix::mount::fsmount(&self.context, FsMountFlags::FSMOUNT_CLOEXEC, flags).attempt_on(
            Code::MountFailed,
            &operation,
            self.at,
        )
    }
}

/// A detached copy of the mount that `source` is on, starting at `source`; `recursive`: with the mounts below it.
pub fn copy(source: impl AsFd, recursive: bool) -> Result<OwnedFd, Errno> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    rustix::mount::open_tree(source, "", flags)
}

pub fn attach(mount: impl AsFd, target: impl AsFd, at: &str) -> Result<(), Error> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    rustix::mount::move_mount(mount, "", target, "", flags).attempt_on(Code::MountFailed, "move_mount", at)
}

/// Covers the host's root: after this only descriptors lead to either root.
pub fn attach_over_root(mount: impl AsFd) -> Result<(), Error> {
    rustix::mount::move_mount(mount, "", CWD, "/", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH).attempt_on(
        Code::MountFailed,
        "move_mount",
        "/",
    )
}

/// Adds attributes and makes the mount private.
pub fn set(mount: impl AsFd, recursive: bool, attributes: u64) -> Result<(), Errno> {
    let private = libc::MS_PRIVATE;
    bulkhead_sys::mount_setattr(
        mount,
        recursive,
        &MountAttr { attr_set: attributes, propagation: private, ..MountAttr::default() },
    )
}

/// Removes attributes.
pub fn clear(mount: impl AsFd, attributes: u64) -> Result<(), Errno> {
    bulkhead_sys::mount_setattr(mount, false, &MountAttr { attr_clr: attributes, ..MountAttr::default() })
}

/// Makes the mount idmapped; `recursive`: and every mount below it.
pub fn set_idmap(mount: impl AsFd, recursive: bool, user_namespace: &OwnedFd) -> Result<(), Errno> {
    use rustix::fd::AsRawFd;
    let fd = u64::from(user_namespace.as_raw_fd().cast_unsigned());
    bulkhead_sys::mount_setattr(
        mount,
        recursive,
        &MountAttr { attr_set: bulkhead_sys::MOUNT_ATTR_IDMAP, userns_fd: fd, ..MountAttr::default() },
    )
}
