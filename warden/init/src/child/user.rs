//! Becoming the workload's user, for good.

use bulkhead_confine::{capabilities, process};
use bulkhead_plan::InnerPlan;
use bulkhead_plan::model::User;
use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// Changes ids, then leaves nothing but `keep` in any capability set, so that there is no way back. Where init is the
/// workload's user already, everything was given up before init was started.
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
    // Init's uid is not 0, so capabilities survive this, and SETPCAP is there for what follows.
    set_thread_res_uid(uid, uid, uid).map_err(|errno| ("setresuid", errno))?;
    let kept = if inner.sentry.is_some() { capabilities::keep_to_hand_on(keep) } else { capabilities::keep_only(keep) };
    kept.map_err(|error| ("capset", raw(error.errno)))?;
    // The kernel set it anew with the uid, to what fs.suid_dumpable says; this is still init's memory.
    process::dumpable(false).map_err(|error| ("prctl", raw(error.errno)))
}

/// Does something as the workload's user as far as the owner of what is made is concerned: the real and the saved id
/// stay init's, so that the workload gains no right over it.
pub fn acting_as<T>(inner: &InnerPlan, work: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
    let own = rustix::process::geteuid();
    set_thread_res_uid(own, Uid::from_raw(inner.user.uid), own)?;
    let done = work();
    // Init must not go on as somebody else, nor without its capabilities, whatever came of the work.
    set_thread_res_uid(own, own, own)?;
    done
}

fn raw(errno: Option<i32>) -> Errno {
    errno.map_or(Errno::INVAL, Errno::from_raw_os_error)
}
