//! The other two entries into an x86-64 kernel. A filter that compares numbers without the architecture misses both.

use crate::report::{Stopped, Tried};
use crate::sys::call;

/// `int 0x80` with two arguments, of which the kernel sees the lower 32 bits.
#[cfg(target_arch = "x86_64")]
pub fn int80(number: usize, first: usize, second: usize) -> Result<usize, i32> {
    let result: i64;
    // SAFETY: the 32-bit entry clobbers r8 to r11 at most; rbx belongs to the compiler and is put back. The calls made
    // here read memory below 4 GiB that `low_memory` gave, or none.
    unsafe {
        std::arch::asm!(
            "push rbx",
            "mov ebx, {first:e}",
            "int 0x80",
            "pop rbx",
            first = in(reg) first,
            inlateout("rax") number => result,
            in("rcx") second,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    // The 32-bit entry answers 32 bits; a negative one is an errno.
    let low = i32::from_ne_bytes([
        result.to_ne_bytes()[0],
        result.to_ne_bytes()[1],
        result.to_ne_bytes()[2],
        result.to_ne_bytes()[3],
    ]);
    usize::try_from(low).map_err(|_| low.wrapping_neg())
}

#[cfg(not(target_arch = "x86_64"))]
pub fn int80(_: usize, _: usize, _: usize) -> Result<usize, i32> {
    Err(libc::ENOSYS)
}

/// A copy of `bytes` below 4 GiB, for a 32-bit pointer.
#[cfg(target_arch = "x86_64")]
pub fn low_memory(bytes: &[u8]) -> Result<usize, i32> {
    // SAFETY: a new anonymous mapping, at an address of the kernel's choice.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return Err(crate::sys::errno());
    }
    // SAFETY: the page is ours, zeroed, and longer than what is copied.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), page.cast(), bytes.len().min(4095)) };
    Ok(page.addr())
}

#[cfg(not(target_arch = "x86_64"))]
pub fn low_memory(_: &[u8]) -> Result<usize, i32> {
    Err(libc::ENOSYS)
}

pub fn int80_getpid() -> Tried {
    const GETPID_32: usize = 20;
    match int80(GETPID_32, 0, 0) {
        Ok(pid) => Ok(format!("getpid said {pid}")),
        Err(errno) => Err(Stopped::Errno(errno)),
    }
}

pub fn x32_getpid() -> Tried {
    const X32: libc::c_long = 0x4000_0000;
    match call(X32 | libc::SYS_getpid, &[]) {
        Ok(pid) => Ok(format!("getpid said {pid}")),
        Err(errno) => Err(Stopped::Errno(errno)),
    }
}
