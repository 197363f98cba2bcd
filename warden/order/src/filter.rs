//! Seccomp filters as received: classic BPF from an untrusted sender. The kernel checks every program again. Beyond
//! that, this check refuses instructions that no sandbox's filter needs, above all verdicts that hand the decision to
//! another process.

use crate::wire::Refused;
use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W,
    SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_LOG,
    SECCOMP_RET_TRAP, sock_filter,
};

/// Instructions of one filter.
pub type Filter = Vec<sock_filter>;

/// BPF_MAXINSNS of `linux/bpf_common.h`.
pub const MAX_INSTRUCTIONS: usize = 4096;
/// Bytes of `struct seccomp_data`.
const DATA_BYTES: u32 = 64;
/// MAX_ERRNO of the kernel. With errno 0 a call would do nothing and report success.
const MAX_ERRNO: u32 = 4095;

/// All filters of a sandbox; the kernel applies the strictest of several verdicts.
#[derive(Debug, Clone)]
pub struct Filters {
    /// Fixed, and installed below the others.
    pub floor: Floor,
    /// For the program, and for all processes that it starts.
    pub base: Vec<Filter>,
    /// For the workload in addition: if its profile leaves out calls that init needs.
    pub workload: Option<Workload>,
}

impl Filters {
    /// The number of filters when all are installed: `Seccomp_filters` in `/proc/<pid>/status` must show it.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.base.len() + usize::from(self.workload.is_some())
    }
}

/// A selection of the filters that were compiled when the warden was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// For workloads, and for init.
    Workload {
        /// Character devices 0:0 may be created.
        whiteouts: bool,
        /// `chroot` is allowed to a holder of the capability.
        chroot: bool,
    },
    /// For a program that builds a sandbox of its own.
    Program,
}

/// The filter that init's child installs before it becomes the workload.
#[derive(Debug, Clone)]
pub struct Workload {
    pub program: Filter,
    /// Refused calls also go to the audit log. Calls that the floor refuses do not, as the profile's author is not
    /// interested in them.
    pub log: bool,
}

pub fn check(filters: &Filters) -> Result<(), Refused> {
    if filters.base.is_empty() || filters.base.len() > 2 {
        return Err("Filters.base");
    }
    let workload = filters.workload.as_ref().map(|one| &one.program);
    if filters.base.iter().chain(workload).all(|filter| is_valid(filter)) { Ok(()) } else { Err("Filters instruction") }
}

/// Every jump leads forward and stays inside, and no path runs past the end: so the program ends, with a verdict.
#[must_use]
pub fn is_valid(filter: &[sock_filter]) -> bool {
    let length = filter.len();
    let ends = filter.last().is_some_and(|last| u32::from(last.code) == BPF_RET | BPF_K);
    let reaches = |at: usize, distance: u32| {
        usize::try_from(distance)
            .ok()
            .and_then(|distance| at.checked_add(1)?.checked_add(distance))
            .is_some_and(|to| to < length)
    };
    let allowed = |(at, one): (usize, &sock_filter)| {
        let (test, code) = (u32::from(one.code) & 0xf0, u32::from(one.code));
        if code == BPF_LD | BPF_W | BPF_ABS {
            one.k < DATA_BYTES && one.k % 4 == 0
        } else if code == BPF_RET | BPF_K {
            is_verdict(one.k)
        } else if code == BPF_JMP | BPF_JA {
            reaches(at, one.k)
        } else if code == BPF_JMP | test | BPF_K && [BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET].contains(&test) {
            reaches(at, u32::from(one.jt)) && reaches(at, u32::from(one.jf))
        } else {
            code == BPF_ALU | BPF_AND | BPF_K
        }
    };
    (1..=MAX_INSTRUCTIONS).contains(&length) && ends && filter.iter().enumerate().all(allowed)
}

fn is_verdict(value: u32) -> bool {
    let (action, data) = (value & libc::SECCOMP_RET_ACTION_FULL, value & libc::SECCOMP_RET_DATA);
    match action {
        SECCOMP_RET_ERRNO => (1..=MAX_ERRNO).contains(&data),
        SECCOMP_RET_ALLOW | SECCOMP_RET_KILL_PROCESS | SECCOMP_RET_KILL_THREAD | SECCOMP_RET_LOG | SECCOMP_RET_TRAP => {
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
        sock_filter { code: u16::try_from(code).unwrap(), jt, jf, k }
    }

    fn then_allow(first: sock_filter) -> Filter {
        vec![first, one(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW)]
    }

    #[test]
    fn what_a_compiler_writes_is_valid() {
        for first in [
            one(BPF_LD | BPF_W | BPF_ABS, 0, 0, 60),
            one(BPF_ALU | BPF_AND | BPF_K, 0, 0, 7),
            one(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 7),
            one(BPF_JMP | BPF_JA, 0, 0, 0),
            one(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 1),
            one(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRAP | 5),
        ] {
            assert!(is_valid(&then_allow(first)), "{first:?}");
        }
        assert!(is_valid(&vec![one(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW); MAX_INSTRUCTIONS]));
    }

    #[test]
    fn everything_else_is_not() {
        for first in [
            one(BPF_LD | BPF_W | BPF_ABS, 0, 0, 64),
            one(BPF_LD | BPF_W | BPF_ABS, 0, 0, 2),
            one(BPF_LD | BPF_W | libc::BPF_IND, 0, 0, 0),
            one(BPF_LD | BPF_W | libc::BPF_MEM, 0, 0, 0),
            one(libc::BPF_ST, 0, 0, 0),
            one(BPF_ALU | libc::BPF_DIV | BPF_K, 0, 0, 0),
            one(BPF_RET | libc::BPF_A, 0, 0, 0),
            one(BPF_JMP | BPF_JA, 0, 0, 1),
            one(BPF_JMP | BPF_JA, 0, 0, u32::MAX),
            one(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0),
            one(BPF_JMP | BPF_JEQ | BPF_K, 0, 255, 0),
            one(BPF_JMP | BPF_JEQ | libc::BPF_X, 0, 0, 0),
            one(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO),
            one(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 4096),
            one(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_USER_NOTIF),
            one(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_TRACE | 1),
            one(0xffff, 0, 0, 0),
        ] {
            assert!(!is_valid(&then_allow(first)), "{first:?}");
        }
        assert!(!is_valid(&[]));
        assert!(!is_valid(&vec![one(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW); MAX_INSTRUCTIONS + 1]));
        assert!(!is_valid(&[one(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0)]), "no verdict at the end");
    }
}
