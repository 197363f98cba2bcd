//! Advantages that a child inherits from a privileged caller.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use bulkhead_confine::priority;
use rustix::process::{getpriority_process, setpriority_process};
use support::{End, in_child, root};

const NO_RANDOMIZATION: libc::c_ulong = 0x0004_0000;

/// The attack: limits on processors and memory that do not bind a process that is scheduled first and killed last.
#[test]
fn an_advantage_is_given_up() {
    if !root() {
        return;
    }
    let end = in_child(|| {
        // SAFETY: sched_param is plain data, for which all zeroes is valid; musl's has more fields than glibc's.
        let mut round_robin: libc::sched_param = unsafe { std::mem::zeroed() };
        round_robin.sched_priority = 5;
        // SAFETY: numbers, and a struct that is only read.
        let gained = unsafe {
            libc::personality(NO_RANDOMIZATION) >= 0
                && libc::sched_setscheduler(0, libc::SCHED_RR, &raw const round_robin) == 0
        };
        if !gained || setpriority_process(None, -5).is_err() {
            return 1;
        }
        if priority::give_up().is_err() {
            return 2;
        }
        // SAFETY: numbers; -1 asks and changes nothing.
        let (policy, personality) = unsafe { (libc::sched_getscheduler(0), libc::personality(0xffff_ffff)) };
        match (policy, personality, getpriority_process(None)) {
            (libc::SCHED_OTHER, 0, Ok(0)) => 0,
            _ => 3,
        }
    });
    assert_eq!(end, End::Exit(0));
}

#[test]
fn a_disadvantage_is_kept() {
    let end = in_child(|| {
        let lowered = setpriority_process(None, 7).is_ok() && priority::give_up().is_ok();
        i32::from(!(lowered && getpriority_process(None) == Ok(7)))
    });
    assert_eq!(end, End::Exit(0));
}
