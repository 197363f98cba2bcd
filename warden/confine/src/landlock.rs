//! Landlock: file access by path, enforced a second time beside mounts.

use bulkhead_plan::{Error, model::Landlock};

/// The newest Landlock ABI that both the kernel and this program know; 0: none, or it is off.
pub fn abi() -> u32 {
    todo!()
}

/// Restricts the calling thread and all it will start. To be called after `pivot_root`, and after no-new-privs.
pub fn restrict(landlock: &Landlock) -> Result<(), Error> {
    let _ = landlock;
    todo!()
}
