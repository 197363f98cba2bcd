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
    capabilities::keep_only(keep).map_err(|error| ("capset", raw(error.errno)))?;
    // The kernel set it anew with the uid, to what fs.suid_dumpable says; this is still init's memory.
    process::dumpable(false).map_err(|error| ("prctl", raw(error.errno)))
}

fn raw(errno: Option<i32>) -> Errno {
    errno.map_or(Errno::INVAL, Errno::from_raw_os_error)
}
