//! The attempts' access to the kernel. Raw on purpose: a libc wrapper may refuse, emulate or fall back before it calls
//! the kernel.

use crate::report::{Stopped, Tried};
use std::ffi::CString;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// One raw system call; the errno on failure. The caller keeps pointers among the arguments alive.
pub fn call(number: libc::c_long, arguments: &[usize]) -> Result<usize, i32> {
    let at = |index: usize| arguments.get(index).copied().unwrap_or(0);
    // SAFETY: every pointer that callers pass points to memory that outlives the call, or is null or wild on purpose,
    // which the kernel answers with EFAULT. No attempt passes memory that the kernel could overwrite behind a Rust
    // reference.
    let result = unsafe { libc::syscall(number, at(0), at(1), at(2), at(3), at(4), at(5)) };
    usize::try_from(result).map_err(|_| errno())
}

pub fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// For libc functions that return -1: the errno.
pub fn check(result: libc::c_int) -> Result<libc::c_int, i32> {
    if result < 0 { Err(errno()) } else { Ok(result) }
}

pub fn text(arguments: &[String], index: usize) -> Result<CString, Stopped> {
    let argument = arguments.get(index).ok_or(Stopped::Usage("an argument is missing"))?;
    CString::new(argument.as_str()).map_err(|_| Stopped::Usage("an argument holds NUL"))
}

pub fn number(arguments: &[String], index: usize) -> Result<usize, Stopped> {
    let argument = arguments.get(index).ok_or(Stopped::Usage("a number is missing"))?;
    let parsed = match argument.strip_prefix("0o") {
        Some(octal) => usize::from_str_radix(octal, 8),
        None => argument.parse(),
    };
    parsed.map_err(|_| Stopped::Usage("not a number"))
}

pub fn pointer<T>(value: &T) -> usize {
    std::ptr::from_ref(value).addr()
}

pub fn address(value: &CString) -> usize {
    value.as_ptr().addr()
}

pub const CWD: usize = libc::AT_FDCWD.cast_unsigned() as usize;

/// A descriptor as a raw syscall argument.
pub fn raw(fd: &impl AsRawFd) -> usize {
    plain(fd.as_raw_fd())
}

/// Sign-extended, as the kernel expects -1 and `AT_FDCWD`.
pub fn plain(fd: RawFd) -> usize {
    (fd as isize).cast_unsigned()
}

pub fn flags(value: libc::c_int) -> usize {
    value.cast_unsigned() as usize
}

/// `openat(dir, path)`, close-on-exec, and never blocking on a FIFO.
pub fn open_at(dir: usize, path: &CString, how: libc::c_int, mode: usize) -> Result<OwnedFd, i32> {
    let fd = call(libc::SYS_openat, &[dir, address(path), flags(how | libc::O_CLOEXEC | libc::O_NONBLOCK), mode])?;
    let fd = RawFd::try_from(fd).map_err(|_| libc::EBADF)?;
    // SAFETY: the kernel has just given us this descriptor and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

pub fn open(path: &CString, how: libc::c_int) -> Result<OwnedFd, i32> {
    open_at(CWD, path, how, 0)
}

/// The first bytes, to show the result.
pub fn read_some(fd: &OwnedFd) -> Result<String, i32> {
    let mut buffer = [0_u8; 256];
    let got = call(libc::SYS_read, &[raw(fd), buffer.as_mut_ptr().addr(), buffer.len()])?;
    Ok(String::from_utf8_lossy(&buffer[..got]).into_owned())
}

pub fn write_all(fd: &OwnedFd, bytes: &[u8]) -> Result<String, i32> {
    let wrote = call(libc::SYS_write, &[raw(fd), bytes.as_ptr().addr(), bytes.len()])?;
    Ok(format!("wrote {wrote} bytes"))
}

/// Permission bits of a path, not followed.
pub fn mode_of(path: &CString) -> Result<u32, i32> {
    // SAFETY: `stat` is plain data for which all zeroes is a valid value.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the path is a C string and `stat` is ours to write.
    check(unsafe { libc::lstat(path.as_ptr(), &raw mut stat) })?;
    Ok(stat.st_mode)
}

/// `Ok` with a note if a call succeeded.
pub fn done(result: Result<usize, i32>, note: &str) -> Tried {
    result.map_err(Stopped::from)?;
    Ok(note.to_owned())
}

/// Forks; `child` runs in the child and never returns.
pub fn fork(child: impl FnOnce()) -> Result<libc::pid_t, i32> {
    // SAFETY: the probe has one thread, so the child may do whatever its parent could.
    let pid = check(unsafe { libc::fork() })?;
    if pid == 0 {
        child();
        // SAFETY: ends the child without running the parent's exit handlers.
        unsafe { libc::_exit(0) };
    }
    Ok(pid)
}

pub fn sleep_for_ever() -> ! {
    loop {
        // SAFETY: waits for a signal; touches no memory.
        unsafe { libc::pause() };
    }
}
