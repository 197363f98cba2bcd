//! From errno to the codes that callers can act on.

use bulkhead_plan::{Code, Error};
use rustix::io::Errno;
use std::ffi::CStr;

/// `operation` on `path` failed with the errno.
pub fn failed<'a>(operation: &'a str, path: &'a CStr) -> impl Fn(Errno) -> Error + 'a {
    move |errno| with_code(code(errno), operation, path, errno)
}

pub fn with_code(code: Code, operation: &str, path: &CStr, errno: Errno) -> Error {
    Error::new(code, operation).path(&path.to_string_lossy()).errno(errno.raw_os_error())
}

/// The entry is not a regular file.
pub fn not_regular(operation: &str, path: &CStr) -> Error {
    Error::new(Code::FileNotRegular, operation).path(&path.to_string_lossy())
}

fn code(errno: Errno) -> Code {
    match errno {
        Errno::NOENT => Code::FileNotFound,
        Errno::EXIST => Code::FileExists,
        Errno::ACCESS | Errno::PERM | Errno::ROFS => Code::FileDenied,
        Errno::ISDIR => Code::FileIsDirectory,
        Errno::NOTDIR => Code::FileNotDirectory,
        Errno::NOTEMPTY => Code::FileNotEmpty,
        Errno::NOSPC | Errno::DQUOT => Code::FileNoSpace,
        Errno::FBIG => Code::FileTooLarge,
        _ => Code::FileFailed,
    }
}
