//! Ended children and ready descriptors.

use crate::result::check_int;
use rustix::io::Errno;
use std::mem::MaybeUninit;

/// How a child ended, and its resource usage.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub pid: i32,
    /// The status as `wait` returns it.
    pub status: i32,
    pub user_us: u64,
    pub system_us: u64,
    pub max_rss_bytes: u64,
}

/// Reaps one ended child, whichever it is; `None` if there is none now.
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

/// Waits until one of `fds` is ready, or until `timeout_ms` have passed (-1: no limit).
pub fn poll(fds: &mut [libc::pollfd], timeout_ms: i32) -> Result<(), Errno> {
    let count = libc::nfds_t::try_from(fds.len()).map_err(|_| Errno::INVAL)?;
    // SAFETY: the pointer and the count describe one slice that lives through the call.
    match check_int(unsafe { libc::poll(fds.as_mut_ptr(), count, timeout_ms) }) {
        Err(Errno::INTR) => Ok(()),
        result => result.map(drop),
    }
}
