//! Descriptors by number, and operations on the file behind one.

use crate::result::{check, check_int, narrow};
use rustix::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use rustix::io::Errno;

/// Takes ownership of a descriptor that the program's caller left open at this number, and sets close-on-exec.
///
/// # Errors
/// EBADF if none is open there.
pub fn adopt(number: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: integers only; asking about a descriptor that is not open is harmless.
    check_int(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    Ok(take_over(number))
}

/// As [`adopt`], without a check: if the number is not open, its first use fails. Call it once for each number.
pub fn take_over(number: i32) -> OwnedFd {
    // SAFETY: callers name a descriptor that was passed to this process by number, and that no other value of it owns.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// dup2(2): the same open file at this number too, open across an exec. No value of this process may own the descriptor
/// that it replaces.
pub fn place(from: impl AsFd, number: i32) -> Result<(), Errno> {
    // SAFETY: integers only; see above.
    check_int(unsafe { libc::dup2(from.as_fd().as_raw_fd(), number) }).map(drop)
}

/// faccessat2(2) on a descriptor, judged by the file-system ids.
pub fn may_access(fd: impl AsFd, mode: libc::c_int) -> Result<(), Errno> {
    // SAFETY: the path is an empty C string.
    check(unsafe {
        libc::syscall(
            libc::SYS_faccessat2,
            fd.as_fd().as_raw_fd(),
            c"".as_ptr(),
            mode,
            libc::AT_EMPTY_PATH | libc::AT_EACCESS,
        )
    })?;
    Ok(())
}

/// Closes every descriptor from `first` on, except `kept`. For a child of the broker, which never uses or drops the
/// values that own them.
pub fn close_all_but(mut first: i32, mut kept: Vec<i32>) {
    kept.sort_unstable();
    for fd in kept.into_iter().chain([i32::MAX]) {
        if fd > first {
            // SAFETY: integers only.
            unsafe { libc::syscall(libc::SYS_close_range, first, fd - 1, 0) };
        }
        first = first.max(fd.saturating_add(1));
    }
}

/// Closes `first` to `last`; an empty range is fine.
pub fn close_range(first: i32, last: i32) -> Result<(), Errno> {
    if first > last {
        return Ok(());
    }
    // SAFETY: takes two numbers and flags. Callers name only descriptors that no live `OwnedFd` of theirs will use
    // again.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) }).map(drop)
}

/// Tries to take an exclusive lock on one byte of a file, without waiting. The lock belongs to the open file
/// description and ends with it. Returns false if another process holds it.
pub fn lock_byte(file: impl AsFd, offset: i64, lock: bool) -> Result<bool, Errno> {
    // SAFETY: flock is plain data, for which all zeroes is valid.
    let mut range: libc::flock = unsafe { std::mem::zeroed() };
    range.l_type = narrow(if lock { libc::F_WRLCK } else { libc::F_UNLCK });
    range.l_whence = narrow(libc::SEEK_SET);
    range.l_start = offset;
    range.l_len = 1;
    // SAFETY: F_OFD_SETLK reads one flock.
    match check(libc::c_long::from(unsafe {
        libc::fcntl(file.as_fd().as_raw_fd(), libc::F_OFD_SETLK, &raw const range)
    })) {
        Ok(_) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        Err(errno) => Err(errno),
    }
}
