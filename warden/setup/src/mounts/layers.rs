//! Trees of several layers: overlayfs over idmapped copies of host directories, which stay unchanged.

use super::api::{self, Filesystem};
use super::context::Context;
use super::staging::Staging;
use super::target;
use super::tree::Tree;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Layers, Overlay};
use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Gid, Mode, StatxFlags, Uid};
use std::collections::BTreeSet;

/// The kernel truncates a file-system option at 255 bytes and returns EINVAL.
const LONGEST_OPTION: usize = 255;

/// Mounts a tree somewhere below the root.
pub fn place(plan: &Layers, tree: &Tree, context: &Context, watched: &mut Vec<OwnedFd>) -> Result<(), Error> {
    let at = plan.at.as_str();
    let outer = tree.staging.ok_or_else(|| Error::new(Code::LaunchFailed, "stage layers").path(at))?;
    let lowers = context.directories(&plan.layers, Code::MountSourceUnavailable, at)?;
    let name = format!("at{}", at.replace('/', "!"));
    let mount = match (lowers, &plan.overlay) {
        (mut lowers, None) if lowers.len() == 1 => lowers.remove(0),
        (lowers, None) => {
            // The layers need no space in it, only directory names.
            let names = Overlay { size_bytes: 1 << 20, inodes: 2 * lowers.len() as u64 + 16 };
            overlay(&lowers, false, &outer.with_room(&name, &names)?, context)?
        }
        (lowers, Some(size)) => {
            let staging = outer.with_room(&name, size)?;
            let mount = overlay(&lowers, true, &staging, context)?;
            watched.push(staging.mount);
            mount
        }
    };
    let read_only = if plan.overlay.is_some() { 0 } else { MOUNT_ATTR_RDONLY };
    let noexec = if plan.exec { 0 } else { MOUNT_ATTR_NOEXEC };
    api::set(&mount, false, read_only | noexec).attempt_on(Code::MountFailed, "mount_setattr", at)?;
    api::attach(&mount, target::directory(tree, at)?, at)?;
    tree.nest(plan, mount);
    Ok(())
}

/// Lower, upper and work are named relative to the staging tmpfs: the one form that every kernel since 5.13 accepts,
/// without the problems that absolute paths have with colons and length.
pub fn overlay(lowers: &[OwnedFd], writable: bool, staging: &Staging, context: &Context) -> Result<OwnedFd, Error> {
    let mut names = Vec::with_capacity(lowers.len());
    for (index, lower) in lowers.iter().enumerate() {
        let name = format!("{index:x}");
        api::attach(lower, staging.make(&name)?, "/")?;
        names.push(name);
    }
    if !context.caller.is_root() && cover_something(lowers)? {
        // Overlayfs sees only the file system, not mounts on it: the files below such mounts would be exposed. The
        // kernel refuses that without root (CVE-2021-3732). The broker is root, so it refuses that for its caller.
        return Err(
            Error::new(Code::RootUnavailable, "overlay").detail("something is mounted below the root directory")
        );
    }
    let mut filesystem = Filesystem::new("overlay", "/")?
        // Do not trust extended attributes of the lower layers.
        .set("redirect_dir", "nofollow")?
        .set("metacopy", "off")?;
    rustix::process::fchdir(&staging.mount).attempt_on(Code::MountFailed, "fchdir", "/")?;
    let all = names.join(":");
    if all.len() <= LONGEST_OPTION {
        filesystem = filesystem.set("lowerdir", &all)?;
    } else {
        // One by one, which kernels accept since 6.5.
        for name in &names {
            filesystem = filesystem.set("lowerdir+", name)?;
        }
    }
    if writable {
        staging.make("upper")?;
        staging.make("work")?;
        if let Some(topmost) = lowers.first().filter(|_| context.privileged) {
            look_like(topmost, staging)?;
        }
        filesystem = filesystem.set("upperdir", "upper")?.set("workdir", "work")?;
    }
    // trusted.* attributes need root in the initial user namespace.
    let filesystem = if context.privileged { filesystem } else { filesystem.flag("userxattr")? };
    filesystem.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
}

/// The upper layer provides the top directory of a writable tree: it gets the owner and mode of the lower one. With the
/// broker's, the workload could not enter it. It also gets the sticky bit, without which users of a shared directory
/// can remove each other's files.
fn look_like(lower: &OwnedFd, staging: &Staging) -> Result<(), Error> {
    let failed = Code::MountFailed;
    let stat = rustix::fs::fstat(lower).attempt(failed, "fstat")?;
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    rustix::fs::chownat(&staging.mount, "upper", Some(uid), Some(gid), AtFlags::empty()).attempt(failed, "chown")?;
    let mode = Mode::from_raw_mode(stat.st_mode & 0o1777);
    rustix::fs::chmodat(&staging.mount, "upper", mode, AtFlags::empty()).attempt(failed, "chmod")
}

/// Whether another mount is on top of one of these.
fn cover_something(mounts: &[OwnedFd]) -> Result<bool, Error> {
    const MOUNTS: &str = "/proc/self/mountinfo";
    let failed = Code::MountFailed;
    let ids = mounts.iter().map(|mount| {
        let stat = rustix::fs::statx(mount, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).attempt(failed, "statx")?;
        Ok(stat.stx_mnt_id.to_string())
    });
    let ids: BTreeSet<String> = ids.collect::<Result<_, Error>>()?;
    let text = std::fs::read_to_string(MOUNTS).attempt_on(failed, "read", MOUNTS)?;
    // The second field is the id of the parent mount.
    Ok(text.lines().any(|line| line.split(' ').nth(1).is_some_and(|parent| ids.contains(parent))))
}
