//! Signals of the calling process.

use crate::result::{check_int, last_errno};
use rustix::fd::{FromRawFd, OwnedFd};
use rustix::io::Errno;
use std::mem::MaybeUninit;

/// Sets every signal to its default, whatever the broker's ancestors ignored. Uses the raw system call: glibc refuses
/// to touch 32 and 33, which it reserves for its threads, and so an ignored one would reach every workload.
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
    check_int(unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        fill(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut())
    })
    .map(drop)
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

/// For a child just before it executes another program.
pub fn unblock_all_signals() -> Result<(), Errno> {
    set_mask(|_| ())
}

/// A descriptor that is readable while one of these signals, which must be blocked, is pending.
pub fn signal_descriptor(signals: &[i32]) -> Result<OwnedFd, Errno> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set, which the others then change or only read; a number out of range is
    // refused.
    let fd = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for &signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
    };
    if fd < 0 {
        return Err(last_errno());
    }
    // SAFETY: signalfd returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sends a signal by number: rustix does not name all of them.
pub fn kill(pid: i32, signal: i32) -> Result<(), Errno> {
    // SAFETY: takes two numbers.
    check_int(unsafe { libc::kill(pid, signal) }).map(drop)
}
