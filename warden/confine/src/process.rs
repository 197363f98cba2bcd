//! Attributes of the process itself.

use crate::sys;
use bulkhead_plan::{Code, Error};

/// From here on `execve` grants nothing: set-user-id bits and file capabilities are without effect, for good and for all descendants.
/// Also what lets an unprivileged process install a seccomp filter and a Landlock domain.
///
/// # Errors
/// `LAUNCH_FAILED` when the kernel refuses.
pub fn no_new_privs() -> Result<(), Error> {
    sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0)
        .map(drop)
        .map_err(|errno| Error::new(Code::LaunchFailed, "prctl PR_SET_NO_NEW_PRIVS").errno(errno))
}

/// `false`: nobody of the same uid can attach to this process, read its memory or open its `/proc/<pid>` files.
/// Lasts until the next `execve` or change of uid, which set it anew: so call it after both.
///
/// # Errors
/// `LAUNCH_FAILED` when the kernel refuses.
pub fn dumpable(dumpable: bool) -> Result<(), Error> {
    sys::prctl(libc::PR_SET_DUMPABLE, dumpable.into(), 0)
        .map(drop)
        .map_err(|errno| Error::new(Code::LaunchFailed, "prctl PR_SET_DUMPABLE").errno(errno))
}
