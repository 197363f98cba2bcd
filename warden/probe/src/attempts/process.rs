//! Other processes: the host's, and init, which serves the channel and must survive its workload.

use super::Attempt;
use crate::report::{Stopped, Tried};
use crate::sys::{call, done, fork, number, open, plain, pointer, read_some, sleep_for_ever, text};
use std::ffi::CString;
use std::fs;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { usage: "kill PID SIGNAL", about: "signal one process", run: kill },
    Attempt { usage: "kill-all SIGNAL", about: "kill(-1): everybody this user may signal", run: kill_all },
    Attempt {
        usage: "kill-group",
        about: "kill(0): a process group shared with the launcher crosses pid namespaces",
        run: kill_group,
    },
    Attempt { usage: "kill-group-of PID", about: "kill(-PID): the group of a process outside", run: kill_group_of },
    Attempt { usage: "queue-signal PID", about: "rt_sigqueueinfo: a second way to signal", run: queue_signal },
    Attempt { usage: "pidfd-signal PID", about: "pidfd_open and pidfd_send_signal: a third way", run: pidfd_signal },
    Attempt { usage: "ptrace-attach PID", about: "PTRACE_ATTACH", run: |a| ptrace(a, 16) },
    Attempt { usage: "ptrace-seize PID", about: "PTRACE_SEIZE", run: |a| ptrace(a, 0x4206) },
    Attempt { usage: "vm-read PID ADDRESS", about: "process_vm_readv", run: vm_read },
    Attempt { usage: "vm-write PID ADDRESS", about: "process_vm_writev, from an empty buffer", run: vm_write },
    Attempt { usage: "memory PID", about: "open /proc/PID/mem for writing", run: memory },
    Attempt {
        usage: "environment PID",
        about: "/proc/PID/environ: what the launcher had in its environment",
        run: environment,
    },
    Attempt { usage: "descriptors PID", about: "list /proc/PID/fd", run: descriptors },
    Attempt {
        usage: "descriptor-open PID FD",
        about: "reopen somebody else's descriptor through /proc/PID/fd/FD",
        run: descriptor_open,
    },
    Attempt {
        usage: "take-descriptor PID FD",
        about: "pidfd_getfd: copy a descriptor out of another process",
        run: take_descriptor,
    },
    Attempt { usage: "limit PID", about: "prlimit on another process: starve it of descriptors", run: limit },
    Attempt { usage: "priority PID", about: "setpriority on another process", run: priority },
    Attempt { usage: "affinity PID", about: "sched_setaffinity of another process", run: affinity },
    Attempt { usage: "compare PID", about: "kcmp with another process", run: compare },
    Attempt { usage: "own-leaks", about: "descriptors above 2 that were there at the start", run: own_leaks },
    Attempt { usage: "own-environment", about: "everything in the environment", run: own_environment },
    Attempt { usage: "own-session", about: "a session shared with somebody else", run: own_session },
    Attempt { usage: "find MARKER", about: "a process with this in its command line, in /proc", run: find },
    Attempt {
        usage: "reach PID",
        about: "kill(PID, 0): does the number mean anything here",
        run: |a| kill(&[a.first().cloned().unwrap_or_default(), "0".into()]),
    },
    Attempt {
        usage: "daemon MARKER",
        about: "two forks, a session of its own, every signal ignored, and stay",
        run: daemon,
    },
    Attempt { usage: "tree DEPTH WIDTH MARKER", about: "a deep tree of such processes", run: tree },
];

fn kill(arguments: &[String]) -> Tried {
    done(call(libc::SYS_kill, &[number(arguments, 0)?, number(arguments, 1)?]), "signalled")
}

fn kill_all(arguments: &[String]) -> Tried {
    done(call(libc::SYS_kill, &[plain(-1), number(arguments, 0)?]), "signalled")
}

fn ignore(signal: libc::c_int) {
    // SAFETY: SIG_IGN is a valid disposition and installs no handler.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

fn kill_group(_: &[String]) -> Tried {
    ignore(libc::SIGTERM);
    done(call(libc::SYS_kill, &[0, plain(libc::SIGTERM)]), "signalled")
}

fn kill_group_of(arguments: &[String]) -> Tried {
    let pid = number(arguments, 0)?;
    done(call(libc::SYS_kill, &[pid.wrapping_neg(), plain(libc::SIGTERM)]), "signalled")
}

fn queue_signal(arguments: &[String]) -> Tried {
    // A siginfo_t whose si_code says SI_QUEUE; the kernel refuses to pass a forged one on to another process.
    let mut info = [0_i32; 32];
    info[0] = libc::SIGTERM;
    info[2] = libc::SI_QUEUE;
    done(call(libc::SYS_rt_sigqueueinfo, &[number(arguments, 0)?, plain(libc::SIGTERM), pointer(&info)]), "signalled")
}

fn pidfd(arguments: &[String]) -> Result<usize, Stopped> {
    Ok(call(libc::SYS_pidfd_open, &[number(arguments, 0)?, 0])?)
}

fn pidfd_signal(arguments: &[String]) -> Tried {
    done(call(libc::SYS_pidfd_send_signal, &[pidfd(arguments)?, plain(libc::SIGTERM), 0, 0]), "signalled")
}

fn ptrace(arguments: &[String], request: usize) -> Tried {
    done(call(libc::SYS_ptrace, &[request, number(arguments, 0)?, 0, 0]), "attached")
}

fn vectors(arguments: &[String], number_of_call: libc::c_long) -> Tried {
    let mut buffer = [0_u8; 8];
    let local = [buffer.as_mut_ptr().addr(), buffer.len()];
    let remote = [number(arguments, 1)?, buffer.len()];
    done(call(number_of_call, &[number(arguments, 0)?, pointer(&local), 1, pointer(&remote), 1, 0]), "copied")
}

fn vm_read(arguments: &[String]) -> Tried {
    vectors(arguments, libc::SYS_process_vm_readv)
}

fn vm_write(arguments: &[String]) -> Tried {
    vectors(arguments, libc::SYS_process_vm_writev)
}

fn in_proc(arguments: &[String], file: &str) -> Result<CString, Stopped> {
    let pid = text(arguments, 0)?;
    CString::new(format!("/proc/{}/{file}", pid.to_string_lossy())).map_err(|_| Stopped::Usage("NUL"))
}

fn memory(arguments: &[String]) -> Tried {
    open(&in_proc(arguments, "mem")?, libc::O_RDWR)?;
    Ok("opened".into())
}

fn environment(arguments: &[String]) -> Tried {
    let read = read_some(&open(&in_proc(arguments, "environ")?, libc::O_RDONLY)?)?;
    if read.is_empty() { Err(Stopped::Absent("empty".into())) } else { Ok(read) }
}

fn descriptors(arguments: &[String]) -> Tried {
    let path = in_proc(arguments, "fd")?;
    let entries =
        fs::read_dir(&*path.to_string_lossy()).map_err(|error| Stopped::from(error.raw_os_error().unwrap_or(0)))?;
    let names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    Ok(names.join(" "))
}

fn descriptor_open(arguments: &[String]) -> Tried {
    let path = in_proc(arguments, &format!("fd/{}", number(arguments, 1)?))?;
    open(&path, libc::O_RDWR)?;
    Ok("opened".into())
}

fn take_descriptor(arguments: &[String]) -> Tried {
    let pidfd = pidfd(arguments)?;
    done(call(libc::SYS_pidfd_getfd, &[pidfd, number(arguments, 1)?, 0]), "taken")
}

fn limit(arguments: &[String]) -> Tried {
    let none: [u64; 2] = [3, 3];
    let what = usize::try_from(libc::RLIMIT_NOFILE).unwrap_or(0);
    done(call(libc::SYS_prlimit64, &[number(arguments, 0)?, what, pointer(&none), 0]), "limited")
}

fn priority(arguments: &[String]) -> Tried {
    done(call(libc::SYS_setpriority, &[0, number(arguments, 0)?, 19]), "slowed down")
}

fn affinity(arguments: &[String]) -> Tried {
    let first = 1_u64;
    done(call(libc::SYS_sched_setaffinity, &[number(arguments, 0)?, 8, pointer(&first)]), "moved")
}

fn compare(arguments: &[String]) -> Tried {
    let me = usize::try_from(std::process::id()).unwrap_or(0);
    done(call(libc::SYS_kcmp, &[me, number(arguments, 0)?, 1, 0, 0]), "compared")
}

fn own_leaks(_: &[String]) -> Tried {
    let mut found = Vec::new();
    for fd in 3..4096 {
        // SAFETY: asks about a descriptor; touches no memory.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0 {
            let target = fs::read_link(format!("/proc/self/fd/{fd}")).unwrap_or_default();
            found.push(format!("{fd}={}", target.display()));
        }
    }
    if found.is_empty() { Err(Stopped::Absent("only 0, 1 and 2".into())) } else { Ok(found.join(" ")) }
}

fn own_environment(_: &[String]) -> Tried {
    let names: Vec<String> = std::env::vars_os()
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .collect();
    if names.is_empty() { Err(Stopped::Absent("empty".into())) } else { Ok(names.join("\n")) }
}

fn own_session(_: &[String]) -> Tried {
    // SAFETY: both only ask about the calling process.
    let (session, group) = unsafe { (libc::getsid(0), libc::getpgid(0)) };
    let pid = std::process::id().cast_signed();
    if session == pid && group == pid {
        Err(Stopped::Absent("leads its own session and group".into()))
    } else {
        Ok(format!("pid {pid}, session {session}, group {group}"))
    }
}

fn find(arguments: &[String]) -> Tried {
    let marker = text(arguments, 0)?.to_string_lossy().into_owned();
    let own = std::process::id().to_string();
    let entries = fs::read_dir("/proc").map_err(|error| Stopped::from(error.raw_os_error().unwrap_or(0)))?;
    for entry in entries.flatten() {
        let pid = entry.file_name().to_string_lossy().into_owned();
        if pid == own || !pid.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(&marker) {
            return Ok(pid);
        }
    }
    Err(Stopped::Absent("not in /proc".into()))
}

/// In a new session, ignoring every signal that can be ignored.
fn entrench() -> ! {
    for signal in 1..=31 {
        ignore(signal);
    }
    // SAFETY: makes a session; touches no memory.
    unsafe { libc::setsid() };
    sleep_for_ever()
}

fn daemon(_: &[String]) -> Tried {
    fork(|| {
        let _ = fork(|| entrench());
    })?;
    Ok("left behind".into())
}

fn grow(depth: usize, width: usize) -> ! {
    if depth > 0 {
        for _ in 0..width {
            let _ = fork(|| grow(depth - 1, width));
        }
    }
    entrench()
}

fn tree(arguments: &[String]) -> Tried {
    let (depth, width) = (number(arguments, 0)?, number(arguments, 1)?);
    fork(|| grow(depth, width))?;
    Ok("planted".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::raw;

    #[test]
    fn a_leaked_descriptor_is_found() {
        let leaked = open(&CString::new("/dev/null").unwrap(), libc::O_RDONLY).unwrap();
        let found = own_leaks(&[]).unwrap();
        assert!(found.contains(&format!("{}=/dev/null", raw(&leaked))));
    }
}
