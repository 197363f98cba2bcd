//! From errno to error.

use bulkhead_error::{Code, Error};

/// For `map_err`: the launch failed in this syscall.
pub fn failed<E: Into<std::io::Error>>(operation: &'static str) -> impl FnOnce(E) -> Error {
    move |error| {
        let errno = error.into().raw_os_error().unwrap_or(0);
        Error::new(Code::LaunchFailed, operation).errno(errno)
    }
}
