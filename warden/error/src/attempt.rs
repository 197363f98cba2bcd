//! From errno to error: says which operation failed, on what.

use crate::{Code, Error};

/// Adds code, operation and path to a failed syscall. One call names one operation, so that an error can be traced to its line.
pub trait Attempt<T> {
    fn attempt(self, code: Code, operation: &str) -> Result<T, Error>;
    fn attempt_on(self, code: Code, operation: &str, path: &str) -> Result<T, Error>;
}

impl<T> Attempt<T> for Result<T, rustix::io::Errno> {
    fn attempt(self, code: Code, operation: &str) -> Result<T, Error> {
        self.map_err(|errno| Error::new(code, operation).errno(errno.raw_os_error()))
    }

    fn attempt_on(self, code: Code, operation: &str, path: &str) -> Result<T, Error> {
        self.map_err(|errno| Error::new(code, operation).path(path).errno(errno.raw_os_error()))
    }
}

impl<T> Attempt<T> for std::io::Result<T> {
    fn attempt(self, code: Code, operation: &str) -> Result<T, Error> {
        self.map_err(|error| io_error(code, operation, &error))
    }

    fn attempt_on(self, code: Code, operation: &str, path: &str) -> Result<T, Error> {
        self.map_err(|error| io_error(code, operation, &error).path(path))
    }
}

fn io_error(code: Code, operation: &str, error: &std::io::Error) -> Error {
    let described = Error::new(code, operation);
    match error.raw_os_error() {
        Some(errno) => described.errno(errno),
        None => described.detail(error.kind().to_string()),
    }
}
