//! The root itself: a host directory, read-only; a memory layer above it; or nothing at all.

use super::api::{self, Filesystem};
use super::{Context, bind};
use crate::attempt::Attempt;
use crate::kernel::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOSUID};
use bulkhead_plan::model::{Mount, Overlay, Plan, Root, RootDirectory, RootSource};
use bulkhead_plan::{Code, Error};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, StatxFlags};

/// A tmpfs over the host's root that holds what the tree is made from; it goes away with the host's root.
pub struct Staging {
    pub mount: OwnedFd,
}

impl Staging {
    /// Only where something needs it.
    pub fn for_plan(plan: &Plan) -> Result<Option<Self>, Error> {
        let empty = matches!(plan.root.source, RootSource::Empty(_));
        let files = !empty && plan.mounts.iter().any(|mount| matches!(mount, Mount::File(_)));
        let size = match &plan.root.overlay {
            Some(overlay) => overlay.clone(),
            None if files => Overlay { size_bytes: 8 << 20, inodes: 1024 },
            None => return Ok(None),
        };
        let mount = Filesystem::new("tmpfs", "/")?
            .set("size", &size.size_bytes.to_string())?
            .set("nr_inodes", &size.inodes.to_string())?
            .set("mode", "0755")?
            .mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)?;
        api::attach_over_root(&mount)?;
        Ok(Some(Self { mount }))
    }

    pub fn make(&self, name: &str) -> Result<OwnedFd, Error> {
        rustix::fs::mkdirat(&self.mount, name, Mode::from_raw_mode(0o755)).attempt_on(
            Code::MountFailed,
            "mkdir",
            name,
        )?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat2(&self.mount, name, flags, Mode::empty(), ResolveFlags::BENEATH).attempt_on(
            Code::MountFailed,
            "open",
            name,
        )
    }
}

/// The root, mounted over the host's.
pub fn attach<'a>(
    root: &Root,
    context: &Context,
    idmaps: &mut impl Iterator<Item = &'a OwnedFd>,
    staging: Option<&Staging>,
    watched: &mut Vec<OwnedFd>,
) -> Result<OwnedFd, Error> {
    let mount = match (&root.source, &root.overlay, staging) {
        (RootSource::Empty(empty), _, _) => Filesystem::new("tmpfs", "/")?
            .set("size", &empty.size_bytes.to_string())?
            .set("mode", "0755")?
            .mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)?,
        (RootSource::Directory(directory), Some(_), Some(staging)) => {
            let lower = copy(directory, context, idmaps)?;
            watched.push(rustix::io::fcntl_dupfd_cloexec(&staging.mount, 3).attempt(Code::MountFailed, "dup")?);
            overlay(&lower, staging, context)?
        }
        (RootSource::Directory(directory), _, _) => copy(directory, context, idmaps)?,
    };
    api::attach_over_root(&mount)?;
    Ok(mount)
}

fn copy<'a>(
    directory: &RootDirectory,
    context: &Context,
    idmaps: &mut impl Iterator<Item = &'a OwnedFd>,
) -> Result<OwnedFd, Error> {
    let source = bind::Source { path: &directory.path, owner: directory.owner.as_ref(), read_only: true, exec: true };
    let (mount, directory_found) = source.copy(Code::RootUnavailable, context, idmaps)?;
    if !directory_found {
        return Err(Error::new(Code::RootUnavailable, "open").path(&directory.path).errno(libc::ENOTDIR));
    }
    Ok(mount)
}

/// Lower, upper and work are named relative to the staging tmpfs: the one way that every kernel since 5.13 takes, and
/// free of the trouble with colons and length that absolute paths have.
fn overlay(lower: &OwnedFd, staging: &Staging, context: &Context) -> Result<OwnedFd, Error> {
    api::attach(lower, staging.make("lower")?, "/")?;
    if !context.caller.is_root() && covers_something(lower)? {
        // Overlayfs sees the one file system and not what is mounted on it: what lies below would be uncovered. The kernel
        // refuses that without root (CVE-2021-3732); the broker is root, and refuses it for its caller.
        return Err(
            Error::new(Code::RootUnavailable, "overlay").detail("something is mounted below the root directory")
        );
    }
    staging.make("upper")?;
    staging.make("work")?;
    rustix::process::fchdir(&staging.mount).attempt_on(Code::MountFailed, "fchdir", "/")?;
    let filesystem = Filesystem::new("overlay", "/")?
        .set("lowerdir", "lower")?
        .set("upperdir", "upper")?
        .set("workdir", "work")?
        // What the lower layer says about itself in extended attributes is not to be believed.
        .set("redirect_dir", "nofollow")?
        .set("metacopy", "off")?;
    // trusted.* attributes need root in the initial user namespace.
    let filesystem = if context.privileged { filesystem } else { filesystem.flag("userxattr")? };
    filesystem.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
}

/// Whether another mount lies on this one.
fn covers_something(mount: &OwnedFd) -> Result<bool, Error> {
    const MOUNTS: &str = "/proc/self/mountinfo";
    let failed = Code::MountFailed;
    let stat = rustix::fs::statx(mount, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).attempt(failed, "statx")?;
    let id = stat.stx_mnt_id.to_string();
    let mounts = std::fs::read_to_string(MOUNTS).attempt_on(failed, "read", MOUNTS)?;
    // The second field is the mount that one lies on.
    Ok(mounts.lines().any(|line| line.split(' ').nth(1) == Some(&*id)))
}
