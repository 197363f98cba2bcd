//! Calls that reduce the rights of the calling process, or report which can be reduced.

use crate::result::{check, check_int};
use libc::{c_int, c_long, c_uint, c_ulong, sock_filter};
use rustix::io::Errno;

/// Of `linux/ioprio.h`: the calling process, and the class in the upper bits of a priority.
const IO_PROCESS: c_int = 1;
const IO_CLASS_SHIFT: u32 = 13;
const IO_REAL_TIME: c_long = 1;

/// `LANDLOCK_CREATE_RULESET_VERSION` of `linux/landlock.h`.
const LANDLOCK_VERSION: c_uint = 1;

/// Installs a filter for this thread and all processes that it will start. Needs no-new-privs.
pub fn seccomp(program: &[sock_filter], log: bool) -> Result<(), Errno> {
    let len = u16::try_from(program.len()).map_err(|_| Errno::INVAL)?;
    let fprog = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    let flags: c_ulong = if log { libc::SECCOMP_FILTER_FLAG_LOG } else { 0 };
    // SAFETY: `fprog` points to `len` instructions that live until the call returns; the kernel copies and only reads
    // them.
    check(unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const fprog) }).map(drop)
}

/// The kernel's Landlock ABI, possibly newer than this program knows; 0: the kernel has none, or it is off.
pub fn landlock_abi() -> u32 {
    // SAFETY: with this flag the call takes a null pointer and size 0, and touches no memory.
    let version = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<libc::c_void>(), 0_usize, LANDLOCK_VERSION)
    };
    u32::try_from(version).unwrap_or(0)
}

/// Joins a new, empty, anonymous session keyring.
pub fn join_new_session_keyring() -> Result<(), Errno> {
    // SAFETY: a null name asks for an anonymous keyring; no memory is passed.
    check(unsafe {
        libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>())
    })
    .map(drop)
}

/// Whether the bounding set has the capability of this number.
///
/// # Errors
/// EINVAL beyond the kernel's last one.
pub fn bounding_set_has(number: u32) -> Result<bool, Errno> {
    prctl(libc::PR_CAPBSET_READ, number).map(|value| value != 0)
}

pub fn bounding_set_drop(number: u32) -> Result<(), Errno> {
    prctl(libc::PR_CAPBSET_DROP, number).map(drop)
}

/// For options that take one number; unused arguments are zero, as several options insist.
fn prctl(option: c_int, argument: u32) -> Result<c_int, Errno> {
    const NONE: c_ulong = 0;
    // SAFETY: both options above take plain numbers, so the kernel follows no pointer of this process.
    check_int(unsafe { libc::prctl(option, c_ulong::from(argument), NONE, NONE, NONE) })
}

/// PER_LINUX without any of the flags, of which one turns the randomisation of addresses off.
pub fn no_personality() -> Result<(), Errno> {
    // SAFETY: takes a number.
    check_int(unsafe { libc::personality(0) }).map(drop)
}

/// Leaves a real-time scheduling class, which runs before all other processes, for the ordinary one.
///
/// By the system calls themselves: musl's `sched_getscheduler` and `sched_setscheduler` only return ENOSYS.
pub fn give_up_real_time() -> Result<(), Errno> {
    // SAFETY: takes a number; 0 is the calling process.
    let policy = check(unsafe { libc::syscall(libc::SYS_sched_getscheduler, 0) })?;
    let class = policy & !libc::c_long::from(libc::SCHED_RESET_ON_FORK);
    if ![libc::SCHED_FIFO, libc::SCHED_RR, libc::SCHED_DEADLINE].iter().any(|&each| class == each.into()) {
        return Ok(());
    }
    // SAFETY: the kernel only reads its `struct sched_param`: one number, the priority, a constant here.
    check(unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_OTHER, &0_i32) }).map(drop)
}

/// Likewise for input and output.
pub fn give_up_real_time_io() -> Result<(), Errno> {
    // SAFETY: takes numbers.
    let priority = unsafe { libc::syscall(libc::SYS_ioprio_get, IO_PROCESS, 0) };
    if priority >> IO_CLASS_SHIFT != IO_REAL_TIME {
        return Ok(());
    }
    // SAFETY: takes numbers; priority 0 is that of no class, which follows the CPU's.
    check(unsafe { libc::syscall(libc::SYS_ioprio_set, IO_PROCESS, 0, 0) }).map(drop)
}
