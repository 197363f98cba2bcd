//! Calls that x86-64 has beside their successors. aarch64 has only the successors, with which its C library makes them.

use crate::sys::{address, call, flags};
use std::ffi::CString;

#[cfg(target_arch = "x86_64")]
mod architecture {
    use super::{CString, address, call, flags};

    pub const LOOKUP_DCOOKIE: libc::c_long = 212;
    pub const MODIFY_LDT: libc::c_long = libc::SYS_modify_ldt;
    pub const IOPL: libc::c_long = libc::SYS_iopl;
    pub const IOPERM: libc::c_long = libc::SYS_ioperm;
    pub const KEXEC_FILE_LOAD: libc::c_long = libc::SYS_kexec_file_load;

    pub fn chmod(path: &CString, mode: usize) -> Result<usize, i32> {
        call(libc::SYS_chmod, &[address(path), mode])
    }

    pub fn open(path: &CString, how: i32, mode: usize) -> Result<usize, i32> {
        call(libc::SYS_open, &[address(path), flags(how), mode])
    }

    pub fn creat(path: &CString, mode: usize) -> Result<usize, i32> {
        call(libc::SYS_creat, &[address(path), mode])
    }

    pub fn mknod(path: &CString, mode: usize) -> Result<usize, i32> {
        call(libc::SYS_mknod, &[address(path), mode, 0])
    }
}

#[cfg(target_arch = "aarch64")]
mod architecture {
    use super::{CString, address, call, flags};
    use crate::sys::CWD;

    pub const LOOKUP_DCOOKIE: libc::c_long = 18;
    /// Of no kernel: ENOSYS, as for any number that does not exist.
    pub const MODIFY_LDT: libc::c_long = 0x3fff_ffff;
    pub const IOPL: libc::c_long = MODIFY_LDT;
    pub const IOPERM: libc::c_long = MODIFY_LDT;
    /// The `libc` crate lacks it for musl.
    pub const KEXEC_FILE_LOAD: libc::c_long = 294;

    pub fn chmod(path: &CString, mode: usize) -> Result<usize, i32> {
        call(libc::SYS_fchmodat, &[CWD, address(path), mode])
    }

    pub fn open(path: &CString, how: i32, mode: usize) -> Result<usize, i32> {
        call(libc::SYS_openat, &[CWD, address(path), flags(how), mode])
    }

    pub fn creat(path: &CString, mode: usize) -> Result<usize, i32> {
        open(path, libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC, mode)
    }

    pub fn mknod(path: &CString, mode: usize) -> Result<usize, i32> {
        call(libc::SYS_mknodat, &[CWD, address(path), mode, 0])
    }
}

pub use architecture::*;
