//! Attributes of the process itself.

use crate::failed::failed;
use bulkhead_error::Error;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::set_no_new_privs;

/// From here on `execve` grants nothing: set-user-id bits and file capabilities have no effect, permanently and for all
/// descendants. It also lets an unprivileged process install a seccomp filter and a Landlock domain.
///
/// # Errors
/// `LAUNCH_FAILED` if the kernel refuses.
pub fn no_new_privs() -> Result<(), Error> {
    set_no_new_privs(true).map_err(failed("prctl PR_SET_NO_NEW_PRIVS"))
}

/// `false`: no process of the same uid can attach to this one, read its memory or open its `/proc/<pid>` files. Lasts
/// until the next `execve` or change of uid, which reset it: so call it after both.
///
/// # Errors
/// `LAUNCH_FAILED` if the kernel refuses.
pub fn dumpable(dumpable: bool) -> Result<(), Error> {
    let behavior = if dumpable { DumpableBehavior::Dumpable } else { DumpableBehavior::NotDumpable };
    set_dumpable_behavior(behavior).map_err(failed("prctl PR_SET_DUMPABLE"))
}
