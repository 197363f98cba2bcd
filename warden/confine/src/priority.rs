//! Advantages over everybody else that a privileged caller may have had, and that a workload must not inherit. Nothing here raises anything.

use crate::sys::{self, failed};
use bulkhead_plan::{Code, Error};
use libc::{c_int, c_long};
use rustix::process::{getpriority_process, setpriority_process};

const OOM: &str = "/proc/self/oom_score_adj";
/// Of `linux/ioprio.h`: the calling process, and the class in the upper bits of a priority.
const IO_PROCESS: c_int = 1;
const IO_CLASS_SHIFT: u32 = 13;
const IO_REAL_TIME: c_long = 1;

/// Takes from the calling process real-time and negative priorities, protection from the OOM killer (with which a memory
/// limit kills nobody), and a personality that turns address randomisation off. To be called before a cgroup is entered: those of
/// v1 take no real-time process without a budget for it.
///
/// # Errors
/// `LAUNCH_FAILED` when the kernel refuses.
pub fn give_up() -> Result<(), Error> {
    give_up_real_time()?;
    if getpriority_process(None).map_err(failed("getpriority"))? < 0 {
        setpriority_process(None, 0).map_err(failed("setpriority"))?;
    }
    give_up_real_time_io()?;
    // SAFETY: takes a number; 0 is PER_LINUX without any of the flags.
    check(unsafe { libc::personality(0) }.into(), "personality")?;
    // Where there is no such file nothing was changed by it either.
    let protected = std::fs::read_to_string(OOM).is_ok_and(|text| text.starts_with('-'));
    if protected { std::fs::write(OOM, "0").map_err(failed("write oom_score_adj")) } else { Ok(()) }
}

fn give_up_real_time() -> Result<(), Error> {
    // SAFETY: takes a number; 0 is the calling process.
    let policy = unsafe { libc::sched_getscheduler(0) };
    if !matches!(policy & !libc::SCHED_RESET_ON_FORK, libc::SCHED_FIFO | libc::SCHED_RR | libc::SCHED_DEADLINE) {
        return Ok(());
    }
    let none = libc::sched_param { sched_priority: 0 };
    // SAFETY: the struct is only read, and outlives the call.
    check(unsafe { libc::sched_setscheduler(0, libc::SCHED_OTHER, &raw const none) }.into(), "sched_setscheduler")
}

fn give_up_real_time_io() -> Result<(), Error> {
    // SAFETY: takes numbers.
    let priority = unsafe { libc::syscall(libc::SYS_ioprio_get, IO_PROCESS, 0) };
    if priority >> IO_CLASS_SHIFT != IO_REAL_TIME {
        return Ok(());
    }
    // SAFETY: takes numbers; priority 0 is that of no class, which follows the CPU's.
    check(unsafe { libc::syscall(libc::SYS_ioprio_set, IO_PROCESS, 0, 0) }, "ioprio_set")
}

fn check(result: c_long, operation: &str) -> Result<(), Error> {
    if result < 0 { Err(Error::new(Code::LaunchFailed, operation).errno(sys::errno())) } else { Ok(()) }
}
