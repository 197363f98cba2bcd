//! The few ways in which this program reaches the kernel.

use std::ffi::CString;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// All bits set: as a pointer it is in no process's memory, as a descriptor never open, as flags or a length out of
/// range.
pub const WILD: usize = usize::MAX;

/// One raw system call; the errno when it fails.
pub fn call(number: libc::c_long, arguments: [usize; 6]) -> Result<usize, i32> {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    // SAFETY: pointers among the arguments are wild or null, which the kernel answers with EFAULT, or point to memory
    // of the caller's that outlives the call and that no Rust reference to changed bytes exists for.
    let result = unsafe { libc::syscall(number, first, second, third, fourth, fifth, sixth) };
    usize::try_from(result).map_err(|_| errno())
}

pub fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Opens and closes at once. Never blocks, never creates, never acquires a controlling terminal, moves no data.
pub fn can_open(path: &str, how: libc::c_int) -> Result<(), i32> {
    open(path, how).map(drop)
}

pub fn open(path: &str, how: libc::c_int) -> Result<OwnedFd, i32> {
    let path = CString::new(path).map_err(|_| libc::EINVAL)?;
    let flags = how | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY;
    // SAFETY: the path is a C string that lives until the call returns.
    let fd: RawFd = unsafe { libc::open(path.as_ptr(), flags) };
    if fd < 0 {
        return Err(errno());
    }
    // SAFETY: the kernel has just given us this descriptor and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Whether the file could be written by this user, as the kernel judges mounts and modes; nothing is opened.
pub fn may_write(path: &str) -> bool {
    // SAFETY: the path is a C string that lives until the call returns.
    CString::new(path).is_ok_and(|path| unsafe { libc::access(path.as_ptr(), libc::W_OK) } == 0)
}
