//! The arguments that each system call is tried with.
//!
//! Nearly all calls get [`WILD`] six times: it is no valid descriptor, address, flag or id, so the kernel returns
//! EBADF, EFAULT or EINVAL, which shows that it checked. This module lists the exceptions: calls that would affect
//! every process, that return ENOSYS for a bad number, or that filters judge by their arguments, which get the most
//! ordinary ones.

use crate::sys::WILD;
use bulkhead_calls::Sysno;

/// Not tried, and why.
pub const NOT_TRIED: &[(Sysno, &str)] = &[(Sysno::sync, "it waits for every disk of the machine")];

static WORD: u32 = 0;

/// The arguments for one call.
pub fn harmless(call: Sysno) -> [usize; 6] {
    let small = |value: libc::c_int| usize::try_from(value).unwrap_or(WILD);
    match call {
        // No process has this number, and signal 0 only checks.
        Sysno::kill => [0x7fff_fffe, 0, 0, 0, 0, 0],
        // Distinct from the 255 that a child is ended with.
        Sysno::exit | Sysno::exit_group => [small(crate::syscalls_tried::EXITED), 0, 0, 0, 0, 0],
        // Bad operations are ENOSYS: wakes nobody.
        Sysno::futex => [std::ptr::from_ref(&WORD).addr(), small(libc::FUTEX_WAKE), 0, 0, 0, 0],
        // As above: reads none of the descriptors.
        #[cfg(target_arch = "x86_64")]
        Sysno::modify_ldt => [0, WILD, 0, 0, 0, 0],
        Sysno::socket | Sysno::socketpair => [small(libc::AF_UNIX), small(libc::SOCK_STREAM), 0, WILD, 0, 0],
        // As fork(2) does it.
        Sysno::clone => [small(libc::SIGCHLD), 0, 0, 0, 0, 0],
        Sysno::unshare => [0; 6],
        Sysno::ioctl => [WILD, usize::try_from(libc::FIONREAD).unwrap_or(WILD), WILD, 0, 0, 0],
        Sysno::prctl => [small(libc::PR_GET_DUMPABLE), 0, 0, 0, 0, 0],
        // Asks, and changes nothing.
        Sysno::personality => [0xffff_ffff, 0, 0, 0, 0, 0],
        #[cfg(target_arch = "x86_64")]
        Sysno::mknod => [WILD, 0o10_0000, 0, 0, 0, 0],
        Sysno::mknodat => [WILD, WILD, 0o10_0000, 0, 0, 0],
        // With every flag it would create a queue, which outlives its creator; without flags it only looks for one that
        // does not exist.
        Sysno::msgget => [0x42_4c_4b_48, 0, 0, 0, 0, 0],
        Sysno::open_by_handle_at => [WILD, WILD, 0, 0, 0, 0],
        _ => [WILD; 6],
    }
}
