//! The system calls that rustix does not wrap, one function each. Each keeps the errno and, unless its comment says
//! otherwise, leaves its caller nothing to prove. Callers have one thread.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod clock;
mod confine;
mod descriptors;
mod execute;
mod fork;
pub mod helper_ids;
mod ids;
mod mount;
mod net;
mod peer;
mod processors;
mod result;
mod signals;
mod wait;

pub use clock::monotonic_us;
pub use confine::{
    bounding_set_drop, bounding_set_has, give_up_real_time, give_up_real_time_io, join_new_session_keyring,
    landlock_abi, no_personality, seccomp,
};
pub use descriptors::{adopt, close_all_but, close_range, lock_byte, may_access, place, take_over};
pub use execute::{Strings, execute, execve};
pub use fork::{Fork, exit_now, fork, fork_plain, pause, unshare};
pub use ids::become_for_good;
pub use mount::{
    MOUNT_ATTR_IDMAP, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY, MountAttr,
    mount_setattr,
};
pub use net::{loopback_answers_for_reserved, loopback_up};
pub use peer::{peer_groups, peer_pid, peer_uid};
pub use processors::{affinity, set_affinity};
pub use signals::{block_all_signals, block_signals, impatiently, kill, reset_dispositions, signal_descriptor};
pub use wait::{Ended, poll, reap};
