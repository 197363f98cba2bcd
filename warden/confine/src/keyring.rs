//! The session keyring is inherited over fork, exec and every namespace: without a new one the workload would possess its caller's keys.

use crate::sys;
use bulkhead_plan::{Code, Error};

/// Joins a new, empty, anonymous session keyring. To be called before the filter, which denies the key calls.
///
/// # Errors
/// `LAUNCH_FAILED`, with EDQUOT when the uid has used up its keys. A kernel without keyrings has none to leak and is no error.
pub fn join_new_session() -> Result<(), Error> {
    // SAFETY: a null name asks for an anonymous keyring; no memory is passed.
    let serial =
        unsafe { libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>()) };
    match if serial < 0 { sys::errno() } else { 0 } {
        0 | libc::ENOSYS => Ok(()),
        errno => Err(Error::new(Code::LaunchFailed, "keyctl KEYCTL_JOIN_SESSION_KEYRING").errno(errno)),
    }
}
