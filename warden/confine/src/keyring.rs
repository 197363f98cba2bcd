//! Fork, exec and every namespace inherit the session keyring: without a new one the workload would possess its
//! caller's keys.

use crate::failed::failed;
use bulkhead_error::Error;
use rustix::io::Errno;

/// Joins a new, empty, anonymous session keyring. Call it before the filter, which denies the key calls.
///
/// # Errors
/// `LAUNCH_FAILED`, with EDQUOT if the uid has used up its keys. A kernel without keyrings has none to leak, which is
/// no error.
pub fn join_new_session() -> Result<(), Error> {
    match bulkhead_sys::join_new_session_keyring() {
        Err(Errno::NOSYS) => Ok(()),
        joined => joined.map_err(failed("keyctl KEYCTL_JOIN_SESSION_KEYRING")),
    }
}
