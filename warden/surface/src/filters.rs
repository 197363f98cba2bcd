//! The seccomp filters in force, read from outside: the calls that a thread may really make to this kernel, whoever
//! installed the filters.

use crate::bpf::{Answers, answers};
use crate::sys::errno;
use libc::sock_filter;
use serde::Serialize;
use std::collections::BTreeSet;

/// `PTRACE_SECCOMP_GET_FILTER` of `linux/ptrace.h`; libc does not have it everywhere.
const GET_FILTER: Request = 0x420c;
/// The kernel limits a filter to this many instructions.
const LONGEST: usize = 4096;
const MOST_FILTERS: usize = 32;
const MOST_THREADS: usize = 512;

/// The calls of one process: the sum of its threads'.
#[derive(Debug, Serialize)]
pub struct Process {
    pub pid: i32,
    /// Its name, by its own account.
    pub name: String,
    pub threads: usize,
    /// Threads traced by another process: the tracer answers their calls, and their filters cannot be read.
    pub traced: usize,
    /// The fewest filters that any of its threads has.
    pub filters: usize,
    /// Allowed for any arguments, to some thread.
    pub allowed: Vec<&'static str>,
    /// Allowed for some arguments.
    pub conditional: Vec<&'static str>,
    /// Why a part could not be read; the lists are then those of a thread without filters.
    pub errno: Option<i32>,
}

pub fn of(pids: &[i32]) -> Vec<Process> {
    pids.iter().map(|&pid| process(pid)).collect()
}

fn process(pid: i32) -> Process {
    let tids = threads(pid);
    let mut allowed = BTreeSet::new();
    let mut conditional = BTreeSet::new();
    let mut fewest = usize::MAX;
    let mut failed = None;
    let mut traced = 0;
    for tid in &tids {
        if is_traced(*tid) {
            traced += 1;
            continue;
        }
        let filters = match read(*tid) {
            Ok(filters) => filters,
            // It has ended meanwhile, and makes no more calls.
            Err(libc::ESRCH) => continue,
            Err(errno) => {
                failed = Some(errno);
                Vec::new()
            }
        };
        fewest = fewest.min(filters.len());
        for call in bulkhead_calls::native() {
            match together(&filters, u32::try_from(call.id()).unwrap_or(u32::MAX)) {
                Answers { lets: true, stops: false } => allowed.insert(bulkhead_calls::name(call)),
                Answers { lets: true, stops: true } => conditional.insert(bulkhead_calls::name(call)),
                Answers { lets: false, .. } => false,
            };
        }
    }
    conditional.retain(|name| !allowed.contains(name));
    Process {
        pid,
        name: name(pid),
        threads: tids.len(),
        traced,
        filters: if fewest == usize::MAX { 0 } else { fewest },
        allowed: allowed.into_iter().collect(),
        conditional: conditional.into_iter().collect(),
        errno: failed,
    }
}

/// All filters see each call, and the strictest answer counts.
fn together(filters: &[Vec<sock_filter>], number: u32) -> Answers {
    let each = filters.iter().map(|filter| answers(filter, number));
    each.fold(Answers { lets: true, stops: false }, |sum, one| Answers {
        lets: sum.lets && one.lets,
        stops: sum.stops || one.stops,
    })
}

fn threads(pid: i32) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).take(MOST_THREADS).collect()
}

fn is_traced(tid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0"))
}

fn name(pid: i32) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let first = line.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(&first[..first.len().min(64)]).into_owned()
}

/// Stops the thread while its filters are copied. The kernel resumes it if this program ends.
fn read(tid: i32) -> Result<Vec<Vec<sock_filter>>, i32> {
    ptrace(libc::PTRACE_SEIZE, tid, 0, std::ptr::null_mut())?;
    let status = stop(tid);
    let filters = status.and_then(|_| copy(tid));
    // It stopped for an earlier signal, which it now gets.
    let signal = status.ok().filter(|status| status >> 16 == 0).map_or(0, |status| libc::WSTOPSIG(status));
    let signal = std::ptr::without_provenance_mut(usize::try_from(signal).unwrap_or(0));
    let _ = ptrace(libc::PTRACE_DETACH, tid, 0, signal);
    filters
}

fn stop(tid: i32) -> Result<libc::c_int, i32> {
    ptrace(libc::PTRACE_INTERRUPT, tid, 0, std::ptr::null_mut())?;
    let mut status = 0;
    // SAFETY: `status` is ours to write.
    let got = unsafe { libc::waitpid(tid, &raw mut status, libc::__WALL) };
    if got == tid && libc::WIFSTOPPED(status) { Ok(status) } else { Err(libc::ESRCH) }
}

fn copy(tid: i32) -> Result<Vec<Vec<sock_filter>>, i32> {
    let mut filters = Vec::new();
    while filters.len() < MOST_FILTERS {
        let mut filter = vec![sock_filter { code: 0, jt: 0, jf: 0, k: 0 }; LONGEST];
        match ptrace(GET_FILTER, tid, filters.len(), filter.as_mut_ptr().cast()) {
            Ok(length) => filter.truncate(length),
            // No more of them; EINVAL where there is none at all.
            Err(libc::ENOENT | libc::EINVAL) => break,
            Err(errno) => return Err(errno),
        }
        filters.push(filter);
    }
    Ok(filters)
}

/// As each C library declares it.
#[cfg(target_env = "musl")]
type Request = libc::c_int;
#[cfg(not(target_env = "musl"))]
type Request = libc::c_uint;

fn ptrace(request: Request, tid: i32, number: usize, data: *mut libc::c_void) -> Result<usize, i32> {
    // SAFETY: only GET_FILTER writes through `data`, at most BPF_MAXINSNS (4096) instructions, and that many are there.
    let result = unsafe { libc::ptrace(request, tid, number, data) };
    usize::try_from(result).map_err(|_| errno())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_without_filters_may_ask_everything() {
        // SAFETY: sleeps in a child that is ended below; one thread of many forks, and the child touches nothing of the
        // others.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            loop {
                // SAFETY: waits for a signal.
                unsafe { libc::pause() };
            }
        }
        let found = &of(&[pid])[0];
        // SAFETY: our own child.
        unsafe { libc::kill(pid, libc::SIGKILL) };
        if found.errno.is_none() && found.filters == 0 {
            assert_eq!(found.allowed.len(), bulkhead_calls::native().count());
            assert!(found.conditional.is_empty());
        }
        assert_eq!(found.threads, 1);
    }
}
