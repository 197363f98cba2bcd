//! Every system call of this architecture, tried.

use crate::arguments::{NOT_TRIED, harmless};
use crate::child::{End, attempt};
use crate::sys;
use bulkhead_calls::Sysno;
use serde::Serialize;

/// The exit code by which `exit` shows that it ended its caller.
pub const EXITED: libc::c_int = 200;
/// A result that is no errno.
const OTHER: i32 = 201;

/// Names, by what became of the call.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Syscalls {
    /// The kernel went so far as to look at the arguments.
    pub reached: Vec<&'static str>,
    /// EPERM: of a filter, or of the kernel for want of a capability. From inside nobody can tell.
    pub refused: Vec<&'static str>,
    /// ENOSYS: the kernel has none, or a filter says so.
    pub absent: Vec<&'static str>,
    /// The caller was killed for it.
    pub killed: Vec<&'static str>,
    pub not_tried: Vec<&'static str>,
}

pub fn all() -> Syscalls {
    let mut found = Syscalls::default();
    for call in bulkhead_calls::native() {
        let list = if NOT_TRIED.iter().any(|(known, _)| *known == call) {
            &mut found.not_tried
        } else {
            match verdict(call, attempt(|| perform(call))) {
                Verdict::Reached => &mut found.reached,
                Verdict::Refused => &mut found.refused,
                Verdict::Absent => &mut found.absent,
                Verdict::Killed => &mut found.killed,
                Verdict::Unknown => &mut found.not_tried,
            }
        };
        list.push(bulkhead_calls::name(call));
    }
    found
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Reached,
    Refused,
    Absent,
    Killed,
    Unknown,
}

fn verdict(call: Sysno, end: End) -> Verdict {
    match end {
        End::Exited(libc::EPERM) => Verdict::Refused,
        End::Exited(libc::ENOSYS) => Verdict::Absent,
        // Whoever is to be ended and goes on was not: the child's own exit came after it.
        End::Exited(code) if matches!(call, Sysno::exit | Sysno::exit_group) && code != EXITED => Verdict::Refused,
        End::Signalled(libc::SIGSYS) => Verdict::Killed,
        End::Exited(_) | End::Signalled(_) | End::Waited => Verdict::Reached,
        End::None(_) => Verdict::Unknown,
    }
}

fn perform(call: Sysno) -> i32 {
    #[cfg(target_arch = "x86_64")]
    if call == Sysno::vfork {
        return vfork();
    }
    match sys::call(libc::c_long::from(call.id()), harmless(call)) {
        Ok(_) => 0,
        Err(errno @ 1..200) => errno,
        Err(_) => OTHER,
    }
}

/// In assembly, because the child shares the parent's stack, and a return from a function would overwrite where the
/// parent returns to.
#[cfg(target_arch = "x86_64")]
fn vfork() -> i32 {
    let result: i64;
    // SAFETY: the child runs nothing but exit(0) and touches no memory; the parent goes on with the result in rax.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor edi, edi",
            "mov eax, 60",
            "syscall",
            "2:",
            inlateout("rax") 58_i64 => result,
            out("rcx") _,
            out("r11") _,
            out("rdi") _,
        );
    }
    i32::try_from(-result).ok().filter(|errno| (1..200).contains(errno)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_that_runs_this_test_is_reached() {
        let found = all();
        for name in ["read", "openat", "execve", "kill", "exit_group", "futex", "wait4", "socket"] {
            assert!(found.reached.contains(&name), "{name}");
        }
        #[cfg(target_arch = "x86_64")]
        assert!(found.reached.contains(&"vfork") && found.absent.contains(&"uselib"));
        assert!(found.killed.is_empty());
        let all = [&found.reached, &found.refused, &found.absent, &found.not_tried];
        assert_eq!(all.iter().map(|names| names.len()).sum::<usize>(), bulkhead_calls::native().count());
    }

    #[test]
    fn errnos_are_told_apart() {
        assert_eq!(verdict(Sysno::read, End::Exited(libc::EBADF)), Verdict::Reached);
        assert_eq!(verdict(Sysno::read, End::Exited(libc::EPERM)), Verdict::Refused);
        assert_eq!(verdict(Sysno::read, End::Exited(libc::ENOSYS)), Verdict::Absent);
        assert_eq!(verdict(Sysno::exit, End::Exited(0)), Verdict::Refused);
        assert_eq!(verdict(Sysno::exit, End::Exited(EXITED)), Verdict::Reached);
    }
}
