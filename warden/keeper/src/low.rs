//! Keeps low descriptor numbers free.

use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::LAST_FD;
use rustix::fd::AsRawFd;

/// A child places its payload's descriptors at 0 to 15: no descriptor of the keeper may be there, except those that are
/// there already and close on exec.
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
