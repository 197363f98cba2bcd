//! Priorities that a privileged caller may have had, and that a workload must not inherit. Nothing here raises
//! anything.

use crate::failed::failed;
use bulkhead_error::Error;
use rustix::process::{getpriority_process, setpriority_process};

const OOM: &str = "/proc/self/oom_score_adj";

/// Drops real-time and negative priorities of the calling process, protection from the OOM killer (with which a memory
/// limit kills nothing), and a personality that turns address randomisation off. Call it before entering a cgroup:
/// those of v1 accept no real-time process without a budget for it.
///
/// # Errors
/// `LAUNCH_FAILED` if the kernel refuses.
pub fn give_up() -> Result<(), Error> {
    bulkhead_sys::give_up_real_time().map_err(failed("sched_setscheduler"))?;
    if getpriority_process(None).map_err(failed("getpriority"))? < 0 {
        setpriority_process(None, 0).map_err(failed("setpriority"))?;
    }
    bulkhead_sys::give_up_real_time_io().map_err(failed("ioprio_set"))?;
    bulkhead_sys::no_personality().map_err(failed("personality"))?;
    // If the file does not exist, nothing can have been changed through it.
    let protected = std::fs::read_to_string(OOM).is_ok_and(|text| text.starts_with('-'));
    if protected { std::fs::write(OOM, "0").map_err(failed("write oom_score_adj")) } else { Ok(()) }
}
