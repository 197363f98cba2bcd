//! The processors that a process may run on.

use crate::result::check;
use rustix::io::Errno;

/// More processors than any kernel is built for (8,192), a bit each.
const MOST_PROCESSORS: usize = 1 << 16;

/// The processors that a process may run on; 0 is the calling one.
pub fn affinity(pid: i32) -> Result<Vec<u32>, Errno> {
    let mut mask = vec![0_u8; MOST_PROCESSORS / 8];
    // SAFETY: the kernel writes at most as many bytes as we say, and returns how many.
    check(unsafe { libc::syscall(libc::SYS_sched_getaffinity, pid, mask.len(), mask.as_mut_ptr()) })?;
    let numbers = (0..)
        .zip(&mask)
        .flat_map(|(at, byte): (u32, &u8)| (0..8).filter(move |bit| byte >> bit & 1 != 0).map(move |bit| at * 8 + bit));
    Ok(numbers.collect())
}

pub fn set_affinity(pid: i32, processors: &[u32]) -> Result<(), Errno> {
    let mut mask = vec![0_u8; MOST_PROCESSORS / 8];
    for number in processors {
        let byte = mask.get_mut(*number as usize / 8).ok_or(Errno::INVAL)?;
        *byte |= 1 << (number % 8);
    }
    // SAFETY: the kernel reads as many bytes as we say.
    check(unsafe { libc::syscall(libc::SYS_sched_setaffinity, pid, mask.len(), mask.as_ptr()) })?;
    Ok(())
}
