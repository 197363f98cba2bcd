//! The workload's identity, and taking another one.

use super::Attempt;
use crate::report::{Stopped, Tried};
use crate::sys::{call, done, number, open, plain, pointer, text, write_all};
use std::ffi::CString;
use std::fs;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { usage: "setuid UID", about: "setresuid(UID, UID, UID)", run: |a| become_id(a, libc::SYS_setresuid) },
    Attempt { usage: "setgid GID", about: "setresgid(GID, GID, GID)", run: |a| become_id(a, libc::SYS_setresgid) },
    Attempt { usage: "setgroups GID", about: "setgroups([GID])", run: setgroups },
    Attempt { usage: "setfsuid UID", about: "setfsuid, which reports no errors", run: setfsuid },
    Attempt { usage: "capset", about: "raise every capability", run: |_| done(capset(), "raised") },
    Attempt { usage: "ambient", about: "raise an ambient capability", run: ambient },
    Attempt {
        usage: "capabilities",
        about: "capabilities in any set of this process, the bounding set too",
        run: capabilities,
    },
    Attempt {
        usage: "gained",
        about: "run this file set-user-id: effective ids other than real ones, or capabilities",
        run: gained,
    },
    Attempt { usage: "unconfined", about: "no no-new-privs or no seccomp filter", run: unconfined },
    Attempt { usage: "id-map", about: "write /proc/self/uid_map", run: id_map },
    Attempt { usage: "raise-limit RESOURCE", about: "raise a hard resource limit", run: raise_limit },
    Attempt { usage: "nice", about: "a priority above all others", run: nice },
    Attempt { usage: "real-time", about: "SCHED_FIFO, which starves the rest of the machine", run: real_time },
    Attempt { usage: "oom-score", about: "be the last to be killed when memory is short", run: oom_score },
    Attempt { usage: "io-priority", about: "real-time I/O priority", run: io_priority },
    Attempt { usage: "cgroup-join PATH", about: "write this process into another control group", run: cgroup_join },
    Attempt { usage: "cgroup-path", about: "the host's control group paths in /proc/self/cgroup", run: cgroup_path },
];

fn become_id(arguments: &[String], with: libc::c_long) -> Tried {
    let id = number(arguments, 0)?;
    done(call(with, &[id, id, id]), "became it")
}

fn setgroups(arguments: &[String]) -> Tried {
    let group = u32::try_from(number(arguments, 0)?).map_err(|_| Stopped::Usage("not a gid"))?;
    done(call(libc::SYS_setgroups, &[1, pointer(&group)]), "joined")
}

fn setfsuid(arguments: &[String]) -> Tried {
    let id = number(arguments, 0)?;
    call(libc::SYS_setfsuid, &[id])?;
    // It returns the previous id, so a second call with an invalid one shows the effect of the first.
    let now = call(libc::SYS_setfsuid, &[plain(-1)])?;
    if now == id { Ok(format!("fsuid {now}")) } else { Err(Stopped::Errno(libc::EPERM)) }
}

fn capset() -> Result<usize, i32> {
    const VERSION_3: u32 = 0x2008_0522;
    let header: [u32; 2] = [VERSION_3, 0];
    let all: [u32; 6] = [u32::MAX, u32::MAX, u32::MAX, 0x1ff, 0x1ff, 0x1ff];
    call(libc::SYS_capset, &[pointer(&header), pointer(&all)])
}

fn ambient(_: &[String]) -> Tried {
    const SYS_ADMIN: usize = 21;
    done(call(libc::SYS_prctl, &[47, 2, SYS_ADMIN, 0, 0]), "raised")
}

fn status_field(name: &str) -> Result<String, Stopped> {
    let status =
        fs::read_to_string("/proc/self/status").map_err(|error| Stopped::from(error.raw_os_error().unwrap_or(0)))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(line.ok_or(Stopped::Usage("no such field"))?.trim().to_owned())
}

fn capabilities(_: &[String]) -> Tried {
    let mut held = Vec::new();
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        let value = status_field(set)?;
        if value.bytes().any(|byte| byte != b'0') {
            held.push(format!("{set}={value}"));
        }
    }
    if held.is_empty() { Err(Stopped::Absent("none in any set".into())) } else { Ok(held.join(" ")) }
}

fn gained(arguments: &[String]) -> Tried {
    for field in ["Uid", "Gid"] {
        let ids = status_field(field)?;
        let mut each = ids.split_whitespace();
        let first = each.next().unwrap_or_default();
        if first == "0" || each.any(|id| id != first) {
            return Ok(format!("{field}: {ids}"));
        }
    }
    capabilities(arguments)
}

fn unconfined(_: &[String]) -> Tried {
    let (privileges, seccomp) = (status_field("NoNewPrivs")?, status_field("Seccomp")?);
    if privileges == "1" && seccomp == "2" {
        return Err(Stopped::Absent("no-new-privs 1, seccomp 2".into()));
    }
    Ok(format!("no-new-privs {privileges}, seccomp {seccomp}"))
}

fn write_proc(path: &str, content: &str) -> Tried {
    let path = CString::new(path).map_err(|_| Stopped::Usage("NUL"))?;
    Ok(write_all(&open(&path, libc::O_WRONLY)?, content.as_bytes())?)
}

fn id_map(_: &[String]) -> Tried {
    write_proc("/proc/self/uid_map", "0 0 1\n")
}

fn raise_limit(arguments: &[String]) -> Tried {
    let wanted: [u64; 2] = [1 << 40, 1 << 40];
    done(call(libc::SYS_setrlimit, &[number(arguments, 0)?, pointer(&wanted)]), "raised")
}

fn nice(_: &[String]) -> Tried {
    done(call(libc::SYS_setpriority, &[0, 0, plain(-20)]), "raised")
}

fn real_time(_: &[String]) -> Tried {
    let priority = 1_i32;
    done(call(libc::SYS_sched_setscheduler, &[0, 1, pointer(&priority)]), "real-time now")
}

fn oom_score(_: &[String]) -> Tried {
    write_proc("/proc/self/oom_score_adj", "-1000")
}

fn io_priority(_: &[String]) -> Tried {
    done(call(libc::SYS_ioprio_set, &[1, 0, 1 << 13]), "real-time now")
}

fn cgroup_join(arguments: &[String]) -> Tried {
    let path = text(arguments, 0)?;
    write_proc(&path.to_string_lossy(), "0")
}

fn cgroup_path(_: &[String]) -> Tried {
    let groups =
        fs::read_to_string("/proc/self/cgroup").map_err(|error| Stopped::from(error.raw_os_error().unwrap_or(0)))?;
    if groups.contains("bulkhead") { Ok(groups) } else { Err(Stopped::Absent("nothing of the host's".into())) }
}
