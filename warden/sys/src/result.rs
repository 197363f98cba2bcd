//! A call's return value as a result.

use rustix::io::Errno;

pub fn check(result: libc::c_long) -> Result<libc::c_long, Errno> {
    if result < 0 { Err(last_errno()) } else { Ok(result) }
}

pub fn check_int(result: libc::c_int) -> Result<libc::c_int, Errno> {
    if result < 0 { Err(last_errno()) } else { Ok(result) }
}

pub fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// For constants that libc has as int and the kernel's structures as short.
pub fn narrow(constant: libc::c_int) -> libc::c_short {
    libc::c_short::try_from(constant).unwrap_or(0)
}
