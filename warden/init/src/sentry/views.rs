//! /sys/fs/cgroup and /proc/cgroups if the kernel is the Sentry: it knows its processors and memory from its jail, but
//! shows no cgroup by itself.

use super::write;
use bulkhead_plan::advertised::{CONTROLLER_DIRECTORIES, UNIFIED};
use bulkhead_plan::model::Advertised;
use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, mount_remount, unmount};
use std::os::fd::OwnedFd;

const GROUPS: &str = "/sys/fs/cgroup";
const QUIET: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);

/// The cgroup that counts, plus the values that it does not count. Its own namespace shows it without a name or parent.
pub fn show_group(group: &OwnedFd, advertised: &Advertised) -> Result<(), Errno> {
    write(group, "memory.max", &advertised.memory_bytes.to_string())?;
    write(group, "cpu.max", advertised.cpu_max().trim_end())?;
    bulkhead_sys::unshare(libc::CLONE_NEWCGROUP)?;
    mount("cgroup", GROUPS, "cgroup2", QUIET | MountFlags::RDONLY, Some(c"nsdelegate"))
}

/// For a Sentry without cgroup v2: files with the same content.
pub fn show_texts(advertised: &Advertised) -> Result<(), Errno> {
    let directory = scratch(GROUPS)?;
    for name in CONTROLLER_DIRECTORIES {
        mkdirat(&directory, name, Mode::from_raw_mode(0o755))?;
    }
    for (name, text) in advertised.group() {
        make(&directory, name, &text)?;
    }
    read_only(GROUPS)
}

/// It shows programs that there is one hierarchy for all controllers. `place`: a directory without a mount on it.
pub fn show_controllers(place: &str) -> Result<(), Errno> {
    const NAME: &str = "cgroups";
    const COVERED: &str = "/proc/cgroups";
    let directory = scratch(place)?;
    make(&directory, NAME, UNIFIED)?;
    let bound = mount_bind(format!("{place}/{NAME}"), COVERED);
    drop(directory);
    unmount(place, UnmountFlags::DETACH)?;
    bound
}

fn scratch(at: &str) -> Result<OwnedFd, Errno> {
    mount("none", at, "tmpfs", QUIET, Some(c"mode=0755,size=64k"))?;
    rustix::fs::open(at, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// No other process can write them either: they belong to init, whose id no workload has.
fn make(directory: &OwnedFd, name: &str, text: &str) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = openat(directory, name, flags, Mode::from_raw_mode(0o644))?;
    rustix::io::write(&file, text.as_bytes())?;
    rustix::fs::chmodat(directory, name, Mode::from_raw_mode(0o444), AtFlags::empty())
}

fn read_only(at: &str) -> Result<(), Errno> {
    mount_remount(at, MountFlags::BIND | MountFlags::RDONLY | QUIET, "")
}
