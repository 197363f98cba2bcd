//! Thin wrappers that keep the errno.

use bulkhead_plan::{Code, Error};
use libc::{c_int, c_ulong};

/// errno of the call that has just failed.
pub fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// prctl for options that take numbers only; unused arguments are zero, as several options insist.
pub fn prctl(option: c_int, arg2: c_ulong, arg3: c_ulong) -> Result<c_int, i32> {
    const NONE: c_ulong = 0;
    // SAFETY: every option that this crate passes takes plain numbers, so the kernel follows no pointer of ours.
    let value = unsafe { libc::prctl(option, arg2, arg3, NONE, NONE) };
    if value < 0 { Err(errno()) } else { Ok(value) }
}

/// For `map_err`: the launch failed in this syscall.
pub fn failed<E: Into<std::io::Error>>(operation: &'static str) -> impl FnOnce(E) -> Error {
    move |error| {
        let errno = error.into().raw_os_error().unwrap_or(0);
        Error::new(Code::LaunchFailed, operation).errno(errno)
    }
}
