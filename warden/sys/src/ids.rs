//! User and group ids of the process.

use crate::result::check;
use rustix::io::Errno;

/// Sets the file-system ids and groups of this (only) thread. Leaving fsuid 0 also takes the file capabilities
/// (CAP_DAC_OVERRIDE and its kind) out of the effective set; returning to 0 brings them back: capabilities(7).
pub fn become_for_files(uid: u32, gid: u32, groups: &[u32]) -> Result<(), Errno> {
    // SAFETY: groups points to as many ids as we say.
    check(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })?;
    // These two never fail visibly: they return the old id. Asking again tells whether they took.
    for (call, id) in [(libc::SYS_setfsgid, gid), (libc::SYS_setfsuid, uid)] {
        // SAFETY: integers only.
        unsafe { libc::syscall(call, id) };
        // SAFETY: integers only; an impossible id changes nothing.
        let now = unsafe { libc::syscall(call, u32::MAX) };
        if now != libc::c_long::from(id) {
            return Err(Errno::PERM);
        }
    }
    Ok(())
}

/// Sets real, effective and saved ids and the groups of this (only) thread.
pub fn become_for_good(uid: u32, gid: u32, groups: Option<&[u32]>) -> Result<(), Errno> {
    if let Some(groups) = groups {
        // SAFETY: groups points to as many ids as we say.
        check(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })?;
    }
    // SAFETY: integers only.
    check(unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) })?;
    // SAFETY: integers only.
    check(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) })?;
    Ok(())
}
