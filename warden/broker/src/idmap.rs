//! User namespaces that exist only to describe an idmapped mount.

use crate::attempt::Attempt;
use crate::kernel::{self, Fork};
use bulkhead_plan::{Code, Error};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::process::Signal;

/// On disk `disk_*`, in the mount `host_*` (ids as the host sees them). No other id of the disk gets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    pub disk_uid: u32,
    pub disk_gid: u32,
    pub host_uid: u32,
    pub host_gid: u32,
}

/// The mount keeps the mapping alive; the process that carried it into the world ends before this returns.
pub fn user_namespace(mapping: &Mapping) -> Result<OwnedFd, Error> {
    let failed = Code::MountIdmapUnsupported;
    // SAFETY: the broker has one thread; the child only waits to be killed.
    let fork = unsafe { kernel::fork(libc::CLONE_NEWUSER as u64, None) }.attempt(failed, "clone")?;
    let Fork::Parent { pid, pidfd } = fork else { wait_for_death() };
    let opened = describe(pid, mapping);
    let _ = rustix::process::pidfd_send_signal(&pidfd, Signal::KILL);
    let _ = rustix::process::waitid(
        rustix::process::WaitId::PidFd(rustix::fd::AsFd::as_fd(&pidfd)),
        rustix::process::WaitIdOptions::EXITED,
    );
    opened
}

fn wait_for_death() -> ! {
    let _ = kernel::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong);
    loop {
        // SAFETY: pause has no arguments and touches no memory.
        unsafe { libc::pause() };
    }
}

fn describe(pid: i32, mapping: &Mapping) -> Result<OwnedFd, Error> {
    let failed = Code::MountIdmapUnsupported;
    for (file, disk, host) in [
        (format!("/proc/{pid}/uid_map"), mapping.disk_uid, mapping.host_uid),
        (format!("/proc/{pid}/gid_map"), mapping.disk_gid, mapping.host_gid),
    ] {
        std::fs::write(&file, format!("{disk} {host} 1\n")).attempt_on(failed, "write", &file)?;
    }
    let path = format!("/proc/{pid}/ns/user");
    rustix::fs::open(&*path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).attempt_on(failed, "open", &path)
}
