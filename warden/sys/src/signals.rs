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

/// Blocks these signals, and unblocks all others.
pub fn block_signals(signals: &[i32]) -> Result<(), Errno> {
    set_mask(|set| {
        for &signal in signals {
            // SAFETY: `set_mask` passes an initialised set; a number out of range is refused.
            unsafe { libc::sigaddset(set, signal) };
        }
    })
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

/// Does work that may drop descriptors of another user, and waits about a millisecond at most. The close of a TCP
/// socket can wait for as long as its owner chose (`SO_LINGER`), even if that socket only lies in the queue of a Unix
/// socket. A signal ends this wait, and all that follow before it is delivered. Not for work that forks: a fork starts
/// again after each signal.
pub fn impatiently<T>(work: impl FnOnce() -> T) -> T {
    let alarm = |tv_usec| {
        let every = libc::timeval { tv_sec: 0, tv_usec };
        let timer = libc::itimerval { it_interval: every, it_value: every };
        // SAFETY: reads one timer, and writes nothing through a null pointer.
        unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
    };
    // SAFETY: the handler does nothing, so it is safe in the middle of anything. `signal` restarts what it interrupts.
    unsafe { libc::signal(libc::SIGALRM, wake as *const () as usize) };
    alarm(1000);
    let done = work();
    alarm(0);
    done
}

/// Only a signal with a handler interrupts.
extern "C" fn wake(_: i32) {}
