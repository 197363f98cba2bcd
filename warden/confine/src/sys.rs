//! Thin wrappers that keep the errno.

use libc::{c_int, c_ulong};

/// errno of the call that has just failed.
pub fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// prctl with integer arguments; unused ones are zero, as several options insist.
pub fn prctl(option: c_int, arg2: c_ulong, arg3: c_ulong) -> Result<c_int, i32> {
    // SAFETY: every option used in this crate takes plain numbers, so the kernel follows no pointer of ours.
    let value = unsafe { libc::prctl(option, arg2, arg3, 0 as c_ulong, 0 as c_ulong) };
    if value < 0 { Err(errno()) } else { Ok(value) }
}
