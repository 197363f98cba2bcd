//! Processes, threads, ids, limits.

use crate::call::{Witness, expecting, looked, room, room_for};
use libc::*;

const TRUE: *const c_char = c"/bin/true".as_ptr();
const ARGV: [usize; 1] = [0];

/// Ends in `child`, which must not return; the exit code that it ended with.
fn code_of(child: fn()) -> i64 {
    let mut status = 0;
    // SAFETY: the child makes one system call and ends; the parent waits for it.
    unsafe {
        let pid = fork();
        if pid == 0 {
            child();
            // Whichever of the two is left.
            syscall(SYS_exit, 9);
            syscall(SYS_exit_group, 9);
        }
        waitpid(pid, &raw mut status, 0);
    }
    if WIFEXITED(status) { i64::from(WEXITSTATUS(status)) } else { -1 }
}

/// 0 if it ended with what was wanted, else negative.
fn ended_with(wanted: i64, child: fn()) -> i64 {
    -(code_of(child) - wanted).abs()
}

/// A child for its parent to wait for.
fn child() -> i64 {
    // SAFETY: the child ends at once.
    unsafe {
        let pid = fork();
        if pid == 0 {
            _exit(0);
        }
        i64::from(pid)
    }
}

/// A call that returns twice: the child ends, the parent waits.
fn forked(result: i64) -> i64 {
    if result == 0 {
        // SAFETY: ends the child.
        unsafe { _exit(0) };
    }
    if result > 0 { call!(SYS_wait4, result, 0, 0, 0) } else { result }
}

/// In assembly, because the child shares the parent's stack, and a return from a function would overwrite where the
/// parent returns to.
fn forked_sharing() -> i64 {
    let result: i64;
    // SAFETY: the child runs nothing but exit(0) and touches no memory; the parent goes on with the result in rax.
    unsafe {
        std::arch::asm!(
            "syscall", "test rax, rax", "jnz 2f", "xor edi, edi", "mov eax, 60", "syscall", "2:",
            inlateout("rax") SYS_vfork => result, out("rcx") _, out("r11") _, out("rdi") _,
        );
    }
    result
}

fn me() -> i64 {
    call!(SYS_getpid)
}

fn pidfd() -> i64 {
    call!(SYS_pidfd_open, me(), 0)
}

/// Version 3 of the header, for the calling process, and space for the sets.
fn capabilities() -> (*mut u32, *mut u8) {
    let header = room_for::<u32>();
    // SAFETY: a page.
    unsafe { header.write(0x2008_0522) };
    (header, room())
}

fn attributes() -> *mut u32 {
    let attributes = room_for::<u32>();
    // SAFETY: a page, of which the first word is the size.
    unsafe { attributes.write(48) };
    attributes
}

/// A ruleset for one file right: to execute.
fn ruleset() -> i64 {
    let handled = [1_u64];
    call!(SYS_landlock_create_ruleset, handled.as_ptr(), 8, 0)
}

/// The right, and below which directory.
#[repr(C, packed)]
struct Beneath(u64, i32);

fn beneath() -> *mut Beneath {
    let rule = room_for::<Beneath>();
    let root = call!(SYS_openat, AT_FDCWD, c"/".as_ptr(), O_PATH);
    // SAFETY: a page.
    unsafe { rule.write(Beneath(1, i32::try_from(root).unwrap_or(-1))) };
    rule
}

fn current_limit() -> *mut u8 {
    let limit = room();
    call!(SYS_getrlimit, RLIMIT_CORE, limit);
    limit
}

fn action() -> *mut u32 {
    let action = room_for::<u32>();
    // SAFETY: a page.
    unsafe { action.write(SECCOMP_RET_ALLOW) };
    action
}

pub const WITNESSES: &[Witness] = &[
    witness!("fork", forked(call!(SYS_fork))),
    witness!("vfork", forked_sharing()),
    witness!("clone no namespace flag", [(0, 0)], forked(call!(SYS_clone, SIGCHLD, 0, 0, 0, 0))),
    witness!(
        "execve",
        ended_with(0, || {
            call!(SYS_execve, TRUE, ARGV.as_ptr(), ARGV.as_ptr());
        })
    ),
    witness!(
        "execveat",
        ended_with(0, || {
            call!(SYS_execveat, AT_FDCWD, TRUE, ARGV.as_ptr(), ARGV.as_ptr(), 0);
        })
    ),
    witness!(
        "exit",
        ended_with(7, || {
            call!(SYS_exit, 7);
        })
    ),
    witness!(
        "exit_group",
        ended_with(7, || {
            call!(SYS_exit_group, 7);
        })
    ),
    witness!("wait4", call!(SYS_wait4, child(), 0, 0, 0)),
    witness!("waitid", call!(SYS_waitid, P_PID, child(), room(), WEXITED, 0)),
    witness!("set_tid_address", call!(SYS_set_tid_address, room())),
    witness!("set_robust_list", call!(SYS_set_robust_list, room(), 24)),
    witness!("futex", call!(SYS_futex, room(), FUTEX_WAKE, 1, 0, 0, 0)),
    // The C library has registered its own.
    witness!("rseq", expecting(EINVAL, call!(SYS_rseq, 0, 0, 0, 0))),
    witness!("gettid", call!(SYS_gettid)),
    witness!("tgkill", call!(SYS_tgkill, me(), me(), 0)),
    witness!("tkill", call!(SYS_tkill, me(), 0)),
    witness!("arch_prctl", call!(SYS_arch_prctl, 0x1003, room())),
    witness!("pidfd_open", pidfd()),
    witness!("pidfd_send_signal", call!(SYS_pidfd_send_signal, pidfd(), 0, 0, 0)),
    witness!("kill", call!(SYS_kill, me(), 0)),
    witness!("getpid", me()),
    witness!("getppid", call!(SYS_getppid)),
    witness!("getpgid", call!(SYS_getpgid, 0)),
    witness!("getpgrp", call!(SYS_getpgrp)),
    witness!("setpgid", call!(SYS_setpgid, 0, 0)),
    witness!("getsid", call!(SYS_getsid, 0)),
    witness!("setsid", call!(SYS_setsid)),
    witness!("getuid", call!(SYS_getuid)),
    witness!("geteuid", call!(SYS_geteuid)),
    witness!("getresuid", call!(SYS_getresuid, room(), room(), room())),
    witness!("getgid", call!(SYS_getgid)),
    witness!("getegid", call!(SYS_getegid)),
    witness!("getresgid", call!(SYS_getresgid, room(), room(), room())),
    witness!("getgroups", call!(SYS_getgroups, 0, 0)),
    witness!("capget", call!(SYS_capget, capabilities().0, capabilities().1)),
    witness!("uname", call!(SYS_uname, room())),
    witness!("sysinfo", call!(SYS_sysinfo, room())),
    witness!("getcpu", call!(SYS_getcpu, room(), room(), 0)),
    witness!("getrusage", call!(SYS_getrusage, RUSAGE_SELF, room())),
    // To the current ids: without a capability these calls can do nothing else.
    witness!("setuid", call!(SYS_setuid, call!(SYS_getuid))),
    witness!("setgid", call!(SYS_setgid, call!(SYS_getgid))),
    witness!("setreuid", call!(SYS_setreuid, -1, -1)),
    witness!("setregid", call!(SYS_setregid, -1, -1)),
    witness!("setresuid", call!(SYS_setresuid, -1, -1, -1)),
    witness!("setresgid", call!(SYS_setresgid, -1, -1, -1)),
    witness!("setfsuid", call!(SYS_setfsuid, -1)),
    witness!("setfsgid", call!(SYS_setfsgid, -1)),
    witness!("setgroups", call!(SYS_setgroups, 0, 0)),
    witness!("capset", {
        let (header, sets) = capabilities();
        call!(SYS_capget, header, sets);
        call!(SYS_capset, header, sets)
    }),
    witness!("getrlimit", call!(SYS_getrlimit, RLIMIT_CORE, room())),
    witness!("setrlimit", call!(SYS_setrlimit, RLIMIT_CORE, current_limit())),
    witness!("prlimit64 self", [(0, 0)], call!(SYS_prlimit64, 0, RLIMIT_CORE, 0, room())),
    witness!("getpriority", call!(SYS_getpriority, PRIO_PROCESS, 0)),
    witness!("setpriority", call!(SYS_setpriority, PRIO_PROCESS, 0, 19)),
    witness!("sched_yield", call!(SYS_sched_yield)),
    witness!("sched_getaffinity", call!(SYS_sched_getaffinity, 0, 4096, room())),
    witness!("sched_setaffinity", {
        let set = room();
        call!(SYS_sched_getaffinity, 0, 4096, set);
        call!(SYS_sched_setaffinity, 0, 4096, set)
    }),
    witness!("sched_getscheduler", call!(SYS_sched_getscheduler, 0)),
    witness!("sched_setscheduler", call!(SYS_sched_setscheduler, 0, SCHED_OTHER, room())),
    witness!("sched_getparam", call!(SYS_sched_getparam, 0, room())),
    witness!("sched_setparam", call!(SYS_sched_setparam, 0, room())),
    witness!("sched_getattr", call!(SYS_sched_getattr, 0, room(), 48, 0)),
    witness!("sched_setattr", call!(SYS_sched_setattr, 0, attributes(), 0)),
    witness!("sched_get_priority_max", call!(SYS_sched_get_priority_max, SCHED_OTHER)),
    witness!("sched_get_priority_min", call!(SYS_sched_get_priority_min, SCHED_OTHER)),
    witness!("sched_rr_get_interval", call!(SYS_sched_rr_get_interval, 0, room())),
    witness!("ioprio_get", call!(SYS_ioprio_get, 1, 0)),
    witness!("ioprio_set IOPRIO_CLASS_NONE", [(2, 0)], call!(SYS_ioprio_set, 1, 0, 0)),
    witness!("ioprio_set IOPRIO_CLASS_IDLE", [(2, 0x6000)], call!(SYS_ioprio_set, 1, 0, 0x6000)),
    witness!("ioprio_set IOPRIO_CLASS_BE from level 4 on", [(2, 0x4000)], call!(SYS_ioprio_set, 1, 0, 0x4007)),
    witness!("prctl", call!(SYS_prctl, PR_GET_DUMPABLE)),
    witness!("personality PER_LINUX", [(0, 0)], call!(SYS_personality, 0)),
    witness!("personality query", [(0, 0xffff_ffff)], call!(SYS_personality, 0xffff_ffff_u32)),
    witness!("seccomp", call!(SYS_seccomp, 2, 0, action())),
    witness!("landlock_create_ruleset", ruleset()),
    witness!("landlock_add_rule", call!(SYS_landlock_add_rule, ruleset(), 1, beneath(), 0)),
    witness!("landlock_restrict_self", looked(call!(SYS_landlock_restrict_self, ruleset(), 0))),
];
