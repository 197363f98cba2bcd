//! Becoming the workload's user, permanently.

use bulkhead_confine::{capabilities, process};
use bulkhead_plan::InnerPlan;
use bulkhead_plan::model::User;
use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// Changes ids, then reduces every capability set to `keep`, so that there is no way back. If init already runs as the
/// workload's user, everything was dropped before init started.
pub fn become_user(inner: &InnerPlan, user: &User, keep: &[String]) -> Result<(), (&'static str, Errno)> {
    if !inner.switches_user {
        return Ok(());
    }
    let mut groups = [Gid::ROOT; 64];
    let count = user.groups.len().min(groups.len());
    for (slot, group) in groups.iter_mut().zip(&user.groups) {
        *slot = Gid::from_raw(*group);
    }
    set_thread_groups(&groups[..count]).map_err(|errno| ("setgroups", errno))?;
    let gid = Gid::from_raw(user.gid);
    set_thread_res_gid(gid, gid, gid).map_err(|errno| ("setresgid", errno))?;
    let uid = Uid::from_raw(user.uid);
    // Init's uid is not 0, so capabilities survive this, and SETPCAP is available for the next steps.
    set_thread_res_uid(uid, uid, uid).map_err(|errno| ("setresuid", errno))?;
    let kept = if inner.sentry.is_some() { capabilities::keep_to_hand_on(keep) } else { capabilities::keep_only(keep) };
    kept.map_err(|error| ("capset", raw(error.errno)))?;
    // The kernel reset it with the uid, according to fs.suid_dumpable; this is still init's memory.
    process::dumpable(false).map_err(|error| ("prctl", raw(error.errno)))
}

/// Runs an action as the workload's user as far as ownership of new files is concerned: the real and saved ids stay
/// init's, so that the workload gains no right over init.
pub fn acting_as<T>(inner: &InnerPlan, work: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
    let own = rustix::process::geteuid();
    set_thread_res_uid(own, Uid::from_raw(inner.user.uid), own)?;
    let done = work();
    // Init must not continue as another user, nor without its capabilities, whatever the action's result.
    set_thread_res_uid(own, own, own)?;
    done
}

fn raw(errno: Option<i32>) -> Errno {
    errno.map_or(Errno::INVAL, Errno::from_raw_os_error)
}
