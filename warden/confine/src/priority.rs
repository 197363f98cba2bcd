//! Advantages over everybody else that a privileged caller may have had, and that a workload must not inherit. Nothing
//! here raises anything.

use crate::failed::failed;
use bulkhead_error::Error;
use rustix::process::{getpriority_process, setpriority_process};

const OOM: &str = "/proc/self/oom_score_adj";

/// Takes from the calling process real-time and negative priorities, protection from the OOM killer (with which a
/// memory limit kills nobody), and a personality that turns address randomisation off. To be called before a cgroup is
/// entered: those of v1 take no real-time process without a budget for it.
///
/// # Errors
/// `LAUNCH_FAILED` when the kernel refuses.
pub fn give_up() -> Result<(), Error> {
    bulkhead_sys::give_up_real_time().map_err(failed("sched_setscheduler"))?;
    if getpriority_process(None).map_err(failed("getpriority"))? < 0 {
        setpriority_process(None, 0).map_err(failed("setpriority"))?;
    }
    bulkhead_sys::give_up_real_time_io().map_err(failed("ioprio_set"))?;
    bulkhead_sys::no_personality().map_err(failed("personality"))?;
    // Where there is no such file nothing was changed by it either.
    let protected = std::fs::read_to_string(OOM).is_ok_and(|text| text.starts_with('-'));
    if protected { std::fs::write(OOM, "0").map_err(failed("write oom_score_adj")) } else { Ok(()) }
}
