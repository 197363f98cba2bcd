//! System calls that no safe wrapper exists for, one function each.

use rustix::io::Errno;
use rustix::process::Pid;
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd};

/// How a child ended, and what it used.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub pid: i32,
    /// As `wait` gives it.
    pub status: i32,
    pub user_us: u64,
    pub system_us: u64,
    pub max_rss_bytes: u64,
}

fn errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

fn check(result: i32) -> Result<(), Errno> {
    if result == -1 { Err(errno()) } else { Ok(()) }
}

/// Every signal to its default, whatever the broker's ancestors ignored. By the bare system call: glibc refuses to touch
/// 32 and 33, which it keeps for its threads, and so would let an ignored one through to every workload.
pub fn reset_dispositions() {
    // The kernel's sigaction: handler SIG_DFL, no flags, no restorer, empty mask. All of it is zero.
    let default = [0_u64; 4];
    let mask_bytes = 8_usize;
    for signal in 1..=64_i32 {
        // SAFETY: the kernel reads 32 bytes at the pointer, which are there, and writes nothing through a null one. No
        // handler exists that anybody could rely on. SIGKILL and SIGSTOP are refused, which is as good.
        unsafe {
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), std::ptr::null::<u64>(), mask_bytes);
        }
    }
}

fn set_mask(fill: impl FnOnce(*mut libc::sigset_t)) -> Result<(), Errno> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the whole set, then `fill` may change it; sigprocmask only reads it, and is
    // right because this process has one thread.
    check(unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        fill(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut())
    })
}

pub fn block_all_signals() -> Result<(), Errno> {
    // SAFETY: `set_mask` passes an initialised set.
    set_mask(|set| unsafe {
        libc::sigfillset(set);
    })
}

pub fn block_signals(signals: &[i32]) -> Result<(), Errno> {
    set_mask(|set| {
        for &signal in signals {
            // SAFETY: `set_mask` passes an initialised set; a number out of range is refused.
            unsafe { libc::sigaddset(set, signal) };
        }
    })
}

/// For a child, just before it becomes another program.
pub fn unblock_all_signals() -> Result<(), Errno> {
    set_mask(|_| ())
}

/// Readable while SIGCHLD, which must be blocked, is pending.
pub fn child_signals() -> Result<OwnedFd, Errno> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set, which signalfd only reads.
    let fd = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
    };
    check(fd)?;
    // SAFETY: signalfd returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Closes `first` to `last`; an empty range is fine.
pub fn close_range(first: i32, last: i32) -> Result<(), Errno> {
    if first > last {
        return Ok(());
    }
    // SAFETY: takes two numbers and flags. Callers name only descriptors that no live `OwnedFd` of theirs will use again.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    if result == -1 { Err(errno()) } else { Ok(()) }
}

/// A plain fork rather than vfork, which would save 75 µs: a vforked child has the workload's uid while init waits for it in
/// the kernel, so that a SIGSTOP from the workload would stop init.
///
/// `None` in the child, which must end in `exit_now` or `execve` and never return to its caller's caller.
pub fn fork() -> Result<Option<Pid>, Errno> {
    // SAFETY: this process has one thread, so no lock can be held by a thread that the child does not have.
    let pid = unsafe { libc::fork() };
    check(pid)?;
    Ok(Pid::from_raw(pid))
}

/// Ends a forked child without running anything that belongs to the parent.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process; nothing is left that could be unsound.
    unsafe { libc::_exit(code) }
}

/// Only returns when it failed. The arrays are as `execve` wants them: pointers to strings, then a null.
pub fn execve(path: &std::ffi::CStr, argv: &[*const libc::c_char], envp: &[*const libc::c_char]) -> Errno {
    debug_assert!(argv.last().is_some_and(|end| end.is_null()) && envp.last().is_some_and(|end| end.is_null()));
    // SAFETY: both arrays end in a null pointer and point to strings that outlive the call; see `child::exec::Arrays`.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    errno()
}

/// Collects one child that has ended, whoever's it was; `None` when there is none now.
pub fn reap() -> Option<Ended> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to memory of the right type that lives through the call.
    let pid = unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG, usage.as_mut_ptr()) };
    if pid <= 0 {
        return None;
    }
    // SAFETY: zeroed is a valid rusage, and wait4 has filled it.
    let usage = unsafe { usage.assume_init() };
    let micros = |time: libc::timeval| u64::try_from(time.tv_sec * 1_000_000 + time.tv_usec).unwrap_or(0);
    Some(Ended {
        pid,
        status,
        user_us: micros(usage.ru_utime),
        system_us: micros(usage.ru_stime),
        max_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    })
}

/// Sends `signal`, of which rustix has no names for all.
pub fn kill(pid: i32, signal: i32) -> Result<(), Errno> {
    // SAFETY: takes two numbers.
    check(unsafe { libc::kill(pid, signal) })
}

/// Waits until one of `fds` is ready, or `timeout_ms` have passed (-1: for ever).
pub fn poll(fds: &mut [libc::pollfd], timeout_ms: i32) -> Result<(), Errno> {
    let count = libc::nfds_t::try_from(fds.len()).map_err(|_| Errno::INVAL)?;
    // SAFETY: the pointer and the count describe one slice that lives through the call.
    match check(unsafe { libc::poll(fds.as_mut_ptr(), count, timeout_ms) }) {
        Err(Errno::INTR) => Ok(()),
        result => result,
    }
}
