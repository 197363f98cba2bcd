//! Creating and ending processes.

use crate::result::{check, check_int, last_errno};
use rustix::fd::{AsRawFd, FromRawFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::Pid;

/// libc's constant of that name has lost its one bit.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// The result of `clone3`.
pub enum Fork {
    /// In the new process.
    Child,
    Parent {
        pid: i32,
        pidfd: OwnedFd,
    },
}

/// `clone3` without a new stack: a fork with `flags`, into `cgroup` (v2) if given. The child gets a copy of the memory,
/// including the state of locks: in a process with one thread none is held. It must end in [`exit_now`] or an exec, and
/// never return to its caller's caller.
pub fn fork(flags: u64, cgroup: Option<&OwnedFd>) -> Result<Fork, Errno> {
    let mut pidfd: libc::c_int = -1;
    // SAFETY: clone_args is plain integers, for which all zeroes means "not used".
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = flags | libc::CLONE_PIDFD as u64;
    args.pidfd = &raw mut pidfd as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    if let Some(fd) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = u64::from(fd.as_raw_fd().cast_unsigned());
    }
    // SAFETY: args outlives the call and names no stack, so parent and child go on here, each in its own memory; the
    // calling process has one thread.
    let pid = check(unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) })?;
    if pid == 0 {
        return Ok(Fork::Child);
    }
    let pid = i32::try_from(pid).map_err(|_| Errno::RANGE)?;
    // SAFETY: CLONE_PIDFD stored a new descriptor that nothing else owns.
    Ok(Fork::Parent { pid, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } })
}

/// A plain fork rather than vfork, which would save 75 µs: a vforked child has the workload's uid while init waits for
/// it in the kernel, so that a SIGSTOP from the workload would stop init.
///
/// `None` in the child, which must end in [`exit_now`] or `execve` and never return to its caller's caller.
pub fn fork_plain() -> Result<Option<Pid>, Errno> {
    // SAFETY: this process has one thread, so no lock can be held by a thread that the child does not have.
    let pid = check_int(unsafe { libc::fork() })?;
    Ok(Pid::from_raw(pid))
}

/// Ends a forked child without running anything that belongs to the parent.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process; nothing is left that could be unsound.
    unsafe { libc::_exit(code) }
}

/// Waits for a signal.
pub fn pause() {
    // SAFETY: pause has no arguments and touches no memory.
    unsafe { libc::pause() };
}

/// Moves this process into a new namespace of the kind that the flag names.
pub fn unshare(flag: libc::c_int) -> Result<(), Errno> {
    // SAFETY: integers only; this process has one thread.
    if unsafe { libc::unshare(flag) } == 0 { Ok(()) } else { Err(last_errno()) }
}
