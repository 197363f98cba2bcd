//! Clocks, timers, signals.

use crate::call::{Witness, expecting, looked, room, room_for};
use libc::*;

static SHORT: timespec = timespec { tv_sec: 0, tv_nsec: 1 };
static SOON: itimerval =
    itimerval { it_interval: timeval { tv_sec: 0, tv_usec: 0 }, it_value: timeval { tv_sec: 0, tv_usec: 20_000 } };
static NEVER: itimerval =
    itimerval { it_interval: timeval { tv_sec: 0, tv_usec: 0 }, it_value: timeval { tv_sec: 0, tv_usec: 0 } };

extern "C" fn nothing(_: c_int) {}

fn handled(number: c_int) {
    // SAFETY: the handler does nothing.
    unsafe { signal(number, nothing as extern "C" fn(c_int) as sighandler_t) };
}

fn timer() -> i32 {
    let mut id = 0;
    call!(SYS_timer_create, CLOCK_MONOTONIC, 0, &raw mut id);
    id
}

fn timerfd() -> i64 {
    call!(SYS_timerfd_create, CLOCK_MONOTONIC, 0)
}

/// SI_QUEUE, without a signal.
fn queued() -> *mut [i32; 3] {
    let info = room_for::<[i32; 3]>();
    // SAFETY: a page, of which the third word is `si_code`.
    unsafe { info.write([0, 0, -1]) };
    info
}

/// A call that waits for a signal returns when one has arrived.
fn interrupted(wait: fn() -> i64) -> i64 {
    handled(SIGALRM);
    call!(SYS_setitimer, ITIMER_REAL, &raw const SOON, 0);
    expecting(EINTR, wait())
}

fn me() -> i64 {
    call!(SYS_getpid)
}

pub const WITNESSES: &[Witness] = &[
    witness!("rt_sigaction", call!(SYS_rt_sigaction, SIGUSR1, 0, room(), 8)),
    witness!("rt_sigprocmask", call!(SYS_rt_sigprocmask, SIG_BLOCK, 0, room(), 8)),
    witness!("rt_sigreturn", {
        handled(SIGUSR1);
        call!(SYS_kill, me(), SIGUSR1)
    }),
    witness!("rt_sigpending", call!(SYS_rt_sigpending, room(), 8)),
    witness!("rt_sigsuspend", interrupted(|| call!(SYS_rt_sigsuspend, room(), 8))),
    witness!("rt_sigtimedwait", expecting(EAGAIN, call!(SYS_rt_sigtimedwait, room(), 0, &raw const SHORT, 8))),
    witness!("rt_sigqueueinfo", call!(SYS_rt_sigqueueinfo, me(), 0, queued())),
    witness!("rt_tgsigqueueinfo", call!(SYS_rt_tgsigqueueinfo, me(), me(), 0, queued())),
    witness!("sigaltstack", call!(SYS_sigaltstack, 0, room())),
    witness!("restart_syscall", expecting(EINTR, call!(SYS_restart_syscall))),
    witness!("pause", interrupted(|| call!(SYS_pause))),
    witness!("time", call!(SYS_time, 0)),
    witness!("gettimeofday", call!(SYS_gettimeofday, room(), 0)),
    witness!("clock_gettime", call!(SYS_clock_gettime, CLOCK_MONOTONIC, room())),
    witness!("clock_getres", call!(SYS_clock_getres, CLOCK_MONOTONIC, room())),
    witness!("clock_nanosleep", call!(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &raw const SHORT, 0)),
    witness!("nanosleep", call!(SYS_nanosleep, &raw const SHORT, 0)),
    witness!("alarm", call!(SYS_alarm, 20)),
    witness!("getitimer", call!(SYS_getitimer, ITIMER_REAL, room())),
    witness!("setitimer", call!(SYS_setitimer, ITIMER_VIRTUAL, &raw const NEVER, 0)),
    witness!("times", call!(SYS_times, room())),
    witness!("timer_create", call!(SYS_timer_create, CLOCK_MONOTONIC, 0, room())),
    witness!("timer_settime", call!(SYS_timer_settime, timer(), 0, room(), 0)),
    witness!("timer_gettime", call!(SYS_timer_gettime, timer(), room())),
    witness!("timer_getoverrun", call!(SYS_timer_getoverrun, timer())),
    witness!("timer_delete", call!(SYS_timer_delete, timer())),
    witness!("timerfd_create", timerfd()),
    witness!("timerfd_settime", call!(SYS_timerfd_settime, timerfd(), 0, room(), 0)),
    witness!("timerfd_gettime", call!(SYS_timerfd_gettime, timerfd(), room())),
    witness!("getrandom", call!(SYS_getrandom, room(), 8, 0) - 8),
    witness!("membarrier", looked(call!(SYS_membarrier, 0, 0, 0))),
];
