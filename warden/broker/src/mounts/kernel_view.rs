//! What a sandbox sees of the kernel: /proc of its own processes, and a /sys with three numbers in it.

use super::api::{self, Filesystem};
use super::{Context, Tree, target};
use crate::attempt::Attempt;
use crate::kernel::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY};
use bulkhead_plan::model::Proc;
use bulkhead_plan::{Code, Error};
use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, OFlags};
use std::cell::OnceCell;
use std::io::Write;

const QUIET: u64 = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/// Read-only as a whole: stricter than a list of read-only parts, and one mount instead of six.
pub fn make_proc() -> Result<OwnedFd, Error> {
    Filesystem::new("proc", "/proc")?.mount(QUIET | MOUNT_ATTR_RDONLY)
}

pub fn place_proc(plan: &Proc, tree: &Tree, context: &Context) -> Result<(), Error> {
    let at = plan.at.as_str();
    if plan.writable {
        return attach(&Filesystem::new("proc", at)?.mount(QUIET)?, at, tree);
    }
    match &context.prepared {
        Some(prepared) => attach(&prepared.proc, at, tree),
        None => attach(&make_proc()?, at, tree),
    }
}

pub fn place_sys(at: &str, tree: &Tree, context: &Context) -> Result<(), Error> {
    match &context.prepared {
        Some(prepared) => attach(&prepared.sys, at, tree),
        None => attach(&make_sys()?, at, tree),
    }
}

fn attach(mount: &OwnedFd, at: &str, tree: &Tree) -> Result<(), Error> {
    tree.reserve(mount)?;
    api::attach(mount, target::plain_directory(tree, at)?, at)
}

/// Programs ask how many processors there are; nothing else of sysfs is theirs to see. Copies, not the kernel's files.
pub fn make_sys() -> Result<OwnedFd, Error> {
    const PROCESSORS: &str = "/sys/devices/system/cpu";
    let at = "/sys";
    let mount = Filesystem::new("tmpfs", at)?.set("size", "65536")?.set("mode", "0755")?.mount(QUIET)?;
    let mut path = String::new();
    for part in ["devices", "system", "cpu"] {
        path.push_str(part);
        rustix::fs::mkdirat(&mount, &*path, Mode::from_raw_mode(0o755)).attempt_on(Code::MountFailed, "mkdir", at)?;
        path.push('/');
    }
    for name in ["online", "possible", "present"] {
        // A host may hide its /sys; then there is nothing to tell.
        let Ok(text) = std::fs::read(format!("{PROCESSORS}/{name}")) else { continue };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&mount, format!("{path}{name}"), flags, Mode::from_raw_mode(0o444)).attempt_on(
            Code::MountFailed,
            "create",
            at,
        )?;
        std::fs::File::from(file).write_all(&text).attempt_on(Code::MountFailed, "write", at)?;
    }
    api::set(&mount, false, MOUNT_ATTR_RDONLY).attempt_on(Code::MountFailed, "mount_setattr", at)?;
    Ok(mount)
}

/// What masks are copies of: made at the first use, and its attributes are inherited by every copy.
#[derive(Default)]
pub struct Covers {
    file: OnceCell<OwnedFd>,
    directory: OnceCell<OwnedFd>,
}

/// Covers a file with the null device and a directory with an empty, read-only file system.
pub fn place_mask(at: &str, tree: &Tree) -> Result<(), Error> {
    let Some(target) = target::existing(tree, at)? else { return Ok(()) };
    let stat = rustix::fs::fstat(&target).attempt_on(Code::MountFailed, "fstat", at)?;
    let (kept, make): (_, fn(&str) -> _) = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => (&tree.covers.directory, empty_directory),
        _ => (&tree.covers.file, null_device),
    };
    let Some(first) = kept.get() else {
        let cover = make(at)?;
        api::attach(&cover, &target, at)?;
        let _ = kept.set(cover);
        return Ok(());
    };
    let cover = api::copy(first, false).attempt_on(Code::MountFailed, "open_tree", at)?;
    api::attach(&cover, &target, at)
}

fn empty_directory(at: &str) -> Result<OwnedFd, Error> {
    Filesystem::new("tmpfs", at)?.set("size", "4096")?.set("mode", "0555")?.mount(QUIET | MOUNT_ATTR_RDONLY)
}

/// The host's own /dev/null, checked: a link or a file in its place would show the workload what it points to
/// (as in runc's CVE-2025-31133).
fn null_device(at: &str) -> Result<OwnedFd, Error> {
    let null = super::device::host_node("null", 1, 3)?;
    let cover = api::copy(&null, false).attempt_on(Code::MountFailed, "open_tree", at)?;
    api::set(&cover, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY).attempt_on(
        Code::MountFailed,
        "mount_setattr",
        at,
    )?;
    Ok(cover)
}
