//! Init's own set-up before it serves, if the kernel is gVisor's Sentry: the broker could only confine that kernel.
//!
//! `runsc` starts init with two more capabilities inside the Sentry; init drops them before it reads the first request.

mod views;

use bulkhead_confine::process::dumpable;
use bulkhead_confine::{capabilities, seccomp};
use bulkhead_plan::InnerPlan;
use bulkhead_plan::inner::{Counting, Sentry};
use rustix::fs::{Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::{Gid, Uid, WaitOptions};
use rustix::thread::{
    self, CapabilitySets, set_keep_capabilities, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use std::os::fd::OwnedFd;

/// Covers the directory that init was executed from, until it is unmounted.
const PLACE: &str = "/.bulkhead";
/// Init's own id, as at level container: no workload can be this user.
const ID: u32 = 65_535;
/// Needed only for this set-up. The remaining ones are init's at level container.
const CAPABILITIES: [&str; 2] = ["SYS_ADMIN", "DAC_OVERRIDE"];

/// Number of attempts to start a process that must all be refused: if an arbitrary one of several hierarchies is
/// charged, some succeed.
const ATTEMPTS: usize = 4;

/// Sets the process limit, then capabilities, then system calls. The descriptor keeps the limit in force; without it
/// the Sentry would forget a hierarchy that is mounted nowhere. The filter, if any, is for the programs that init
/// starts.
pub fn confine(
    sentry: &Sentry,
    inner: &InnerPlan,
) -> Result<(Option<OwnedFd>, Option<bulkhead_order::Workload>), Errno> {
    leave_root()?;
    let limit = limit_pids(sentry)?;
    if let Some(advertised) = &sentry.advertised {
        match limit.as_ref().filter(|_| sentry.counting == Counting::Cgroup2) {
            Some(group) => {
                views::show_group(group, advertised)?;
                views::show_controllers(PLACE)?;
            }
            // The Sentry of 2022 has no place for it in its /sys; programs there use the memory and processors in its
            // /proc.
            None => drop(views::show_texts(advertised)),
        }
    }
    // Init must have every capability that the policy grants the workload.
    let own = |name: &&str| !inner.capabilities.iter().any(|left| left == name);
    let over: Vec<String> = CAPABILITIES.iter().filter(|name| own(name)).map(|name| (*name).to_owned()).collect();
    let failed = |error: bulkhead_plan::Error| error.errno.map_or(Errno::INVAL, Errno::from_raw_os_error);
    capabilities::give_up(&over).map_err(failed)?;
    let filters = bulkhead_filters::compile(&sentry.seccomp, &inner.capabilities).map_err(failed)?;
    seccomp::install_base(&filters).map_err(failed)?;
    Ok((limit, filters.workload))
}

/// `runsc` starts init as root: a Sentry without ambient capabilities, like Debian 13's, takes all capabilities from a
/// program that any other user executes.
fn leave_root() -> Result<(), Errno> {
    set_keep_capabilities(true)?;
    set_thread_groups(&[])?;
    let (uid, gid) = (Uid::from_raw(ID), Gid::from_raw(ID));
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    let now = thread::capabilities(None)?;
    thread::set_capabilities(None, CapabilitySets { effective: now.permitted, ..now })?;
    set_keep_capabilities(false)?;
    // The change of uid reset it.
    dumpable(false).map_err(|_| Errno::PERM)
}

/// A cgroup of the Sentry: it counts the workload's processes, while a limit around the Sentry would count its threads.
/// Unmounted at once, so that no process inside can name it, whatever its rights.
fn limit_pids(sentry: &Sentry) -> Result<Option<OwnedFd>, Errno> {
    let (kind, options) = match sentry.counting {
        // Without the option, this mount would take it from the Sentry's own.
        Counting::Cgroup2 => ("cgroup2", c"nsdelegate"),
        Counting::Cgroup => ("cgroup", c"pids"),
        // `runsc` has already set it.
        Counting::Rlimit => return Ok(None),
    };
    mount("cgroup", PLACE, kind, MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, Some(options))?;
    let root = rustix::fs::open(PLACE, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    mkdirat(&root, "sandbox", Mode::from_raw_mode(0o755))?;
    let group = openat(&root, "sandbox", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    write(&group, "cgroup.procs", "1")?;
    write(&group, "pids.max", "1")?;
    refuses_processes()?;
    write(&group, "pids.max", &sentry.pids.to_string())?;
    drop(root);
    unmount(PLACE, UnmountFlags::DETACH)?;
    Ok(Some(group))
}

/// Init does not serve in a Sentry that does not enforce the limit.
fn refuses_processes() -> Result<(), Errno> {
    for _ in 0..ATTEMPTS {
        match bulkhead_sys::fork_plain() {
            Ok(None) => bulkhead_sys::exit_now(0),
            Ok(Some(child)) => {
                rustix::process::waitpid(Some(child), WaitOptions::empty())?;
                return Err(Errno::NOTSUP);
            }
            Err(Errno::AGAIN) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

fn write(group: &OwnedFd, name: &str, value: &str) -> Result<(), Errno> {
    let file = openat(group, name, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, value.as_bytes()).map(drop)
}
