//! The program's ids and capabilities.

use crate::spawn_context::SpawnContext;
use bulkhead_confine as confine;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::Order;
use rustix::fd::{AsFd, OwnedFd};
use rustix::thread::LinkNameSpaceType;

const FAILED: Code = Code::LaunchFailed;

/// Maps one uid and gid inside to the caller's own: the only map that the kernel allows without privilege. The process
/// can no longer change its groups.
pub fn map_self(inside: (u32, u32), caller: (u32, u32)) -> Result<(), Error> {
    // The files below belong to root while the process is not dumpable, as the broker is.
    confine::process::dumpable(true)?;
    for (file, text) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("{} {} 1\n", inside.0, caller.0)),
        ("/proc/self/gid_map", format!("{} {} 1\n", inside.1, caller.1)),
    ] {
        std::fs::write(file, text).attempt_on(Code::UsernsRefused, "write", file)?;
    }
    Ok(())
}

pub fn enter_user_namespace(namespace: &OwnedFd) -> Result<(), Error> {
    rustix::thread::move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::User))
        .attempt(Code::UsernsRefused, "setns user")
}

/// Switches to the program's user and drops all rights that the program does not need.
pub fn change(spawn: &SpawnContext, order: &Order) -> Result<(), Error> {
    let user = &order.user;
    if spawn.user_namespace.is_some() {
        bulkhead_sys::become_for_good(user.uid, user.gid, Some(&user.groups)).attempt(FAILED, "setresuid")?;
    } else if let Some(base) = spawn.base {
        // They must survive the change of ids, or the bounding set could not be emptied any more.
        rustix::thread::set_keep_capabilities(true).attempt(FAILED, "PR_SET_KEEPCAPS")?;
        let groups: Vec<u32> = user.groups.iter().map(|group| base + group).collect();
        bulkhead_sys::become_for_good(base + user.uid, base + user.gid, Some(&groups)).attempt(FAILED, "setresuid")?;
    }
    confine::capabilities::keep_set(order.capabilities, order.hands_on)
}
