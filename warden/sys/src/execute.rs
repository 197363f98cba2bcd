//! Executing another program.

use crate::result::last_errno;
use rustix::fd::{AsFd, AsRawFd};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::marker::PhantomData;

/// A null-terminated array of pointers to C strings, the form in which `execve` takes arguments and environments. Made
/// before a fork, it needs no memory after it.
pub struct Strings<'a> {
    pointers: Vec<*const libc::c_char>,
    strings: PhantomData<&'a [CString]>,
}

impl<'a> Strings<'a> {
    pub fn new(strings: &'a [CString]) -> Self {
        let pointers = strings.iter().map(|one| one.as_ptr()).chain([std::ptr::null()]).collect();
        Self { pointers, strings: PhantomData }
    }
}

/// execveat(2) of `path` below `at`, or of `at` itself where the path is empty. Returns only on failure.
pub fn execute(at: impl AsFd, path: &CStr, arguments: &Strings, environment: &Strings) -> Errno {
    // SAFETY: the path is a C string; a `Strings` is a null-terminated array of C strings that it borrows; all outlive
    // the call.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            at.as_fd().as_raw_fd(),
            path.as_ptr(),
            arguments.pointers.as_ptr(),
            environment.pointers.as_ptr(),
            libc::AT_EMPTY_PATH,
        );
    }
    last_errno()
}

/// execve(2) by path alone, for kernels without `execveat`.
pub fn execve(path: &CStr, arguments: &Strings, environment: &Strings) -> Errno {
    // SAFETY: as above.
    unsafe { libc::execve(path.as_ptr(), arguments.pointers.as_ptr(), environment.pointers.as_ptr()) };
    last_errno()
}
