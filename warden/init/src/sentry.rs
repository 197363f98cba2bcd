//! What init does itself before it serves, where the kernel is gVisor's Sentry: the broker could only confine that kernel.
//!
//! `runsc` starts init with two more capabilities inside the Sentry, which is over before the first request is read.

use bulkhead_confine::{capabilities, seccomp};
use bulkhead_plan::InnerPlan;
use bulkhead_plan::inner::Sentry;
use rustix::fs::{Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::os::fd::OwnedFd;

/// Covers the directory that init was executed from, until it is unmounted.
const PLACE: &str = "/.bulkhead";
/// What only this is done with. What is left is what init has at level container.
const CAPABILITIES: [&str; 2] = ["SYS_ADMIN", "DAC_OVERRIDE"];

/// The number of processes, then capabilities, then system calls. The descriptor keeps the first in force; without it the
/// Sentry would forget a hierarchy that is mounted nowhere.
pub fn confine(sentry: &Sentry, inner: &InnerPlan) -> Result<OwnedFd, Errno> {
    let limit = limit_pids(sentry.pids)?;
    // What the policy leaves to the workload, init has to have as well.
    let own = |name: &&str| !inner.capabilities.iter().any(|left| left == name);
    let over: Vec<String> = CAPABILITIES.iter().filter(|name| own(name)).map(|name| (*name).to_owned()).collect();
    let failed = |error: bulkhead_plan::Error| error.errno.map_or(Errno::INVAL, Errno::from_raw_os_error);
    capabilities::give_up(&over).map_err(failed)?;
    let filters = seccomp::compile(&sentry.seccomp, &inner.capabilities).map_err(failed)?;
    seccomp::install(&filters).map_err(failed)?;
    Ok(limit)
}

/// A control group of the Sentry's own: it counts what the workload starts, where a limit around it would count the Sentry's threads.
/// Unmounted at once, so that no process inside can name it, whatever its rights.
fn limit_pids(pids: u64) -> Result<OwnedFd, Errno> {
    mount("cgroup", PLACE, "cgroup", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, Some(c"pids"))?;
    let root = rustix::fs::open(PLACE, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    mkdirat(&root, "sandbox", Mode::RWXU)?;
    let group = openat(&root, "sandbox", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    write(&group, "pids.max", &pids.to_string())?;
    write(&group, "cgroup.procs", "1")?;
    drop(root);
    unmount(PLACE, UnmountFlags::DETACH)?;
    Ok(group)
}

fn write(group: &OwnedFd, name: &str, value: &str) -> Result<(), Errno> {
    let file = openat(group, name, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, value.as_bytes()).map(drop)
}
