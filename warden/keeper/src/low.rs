//! Numbers of descriptors that stay free.

use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::LAST_FD;
use rustix::fd::AsRawFd;

/// 0 to 15 are where a child puts what its payload starts with: nothing of ours may live there, but what is there already and
/// closes itself on exec.
pub fn occupy_low_descriptors() -> Result<(), Error> {
    loop {
        let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null").attempt_on(
            Code::LaunchFailed,
            "open",
            "/dev/null",
        )?;
        if null.as_raw_fd() > i32::from(LAST_FD) {
            return Ok(());
        }
        std::mem::forget(null);
    }
}
