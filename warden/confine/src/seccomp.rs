//! Installs seccomp filters, which stay in force for good. They were compiled elsewhere, except for the floor.

use bulkhead_error::{Code, Error};
use bulkhead_order::filter::{Filter, is_valid};
use bulkhead_order::{Filters, Floor, Workload};
use libc::sock_filter;

mod floor {
    //! Written by `build.rs`: filters that apply below all others.
    use libc::sock_filter;

    const fn instruction(code: u16, jt: u8, jf: u8, k: u32) -> sock_filter {
        sock_filter { code, jt, jf, k }
    }

    include!(concat!(env!("OUT_DIR"), "/floors.rs"));
}

/// Bytes of one instruction, a `struct sock_filter`.
const INSTRUCTION: usize = 8;

/// Installs all filters for the calling thread and all processes that it will start. Needs no-new-privs. They cannot be
/// removed.
///
/// # Errors
/// `SECCOMP_FAILED` when the kernel refuses.
pub fn install(filters: &Filters) -> Result<(), Error> {
    install_base(filters)?;
    filters.workload.as_ref().map_or(Ok(()), install_workload)
}

/// As [`install`], without the workload's own filter: for a process that becomes init, which installs that one in the
/// processes that it starts.
///
/// # Errors
/// As [`install`].
pub fn install_base(filters: &Filters) -> Result<(), Error> {
    put_in_force(floor(filters.floor), false)?;
    filters.base.iter().try_for_each(|program| put_in_force(program, false))
}

/// Installs the workload's filter as [`install`] does.
///
/// # Errors
/// As [`install`].
pub fn install_workload(workload: &Workload) -> Result<(), Error> {
    put_in_force(&workload.program, workload.log)
}

/// Installs the filter of a front of the broker.
///
/// # Errors
/// As [`install`].
pub fn install_front() -> Result<(), Error> {
    put_in_force(floor::FRONT, false)
}

fn floor(floor: Floor) -> &'static [sock_filter] {
    match floor {
        Floor::Program => floor::PROGRAM,
        Floor::Workload { whiteouts: false, chroot: false } => floor::WORKLOAD,
        Floor::Workload { whiteouts: false, chroot: true } => floor::CHROOT,
        Floor::Workload { whiteouts: true, chroot: false } => floor::WHITEOUTS,
        Floor::Workload { whiteouts: true, chroot: true } => floor::WHITEOUTS_CHROOT,
    }
}

fn put_in_force(program: &[sock_filter], log: bool) -> Result<(), Error> {
    bulkhead_sys::seccomp(program, log)
        .map_err(|errno| Error::new(Code::SeccompFailed, "seccomp SECCOMP_SET_MODE_FILTER").errno(errno.raw_os_error()))
}

/// A block of an instruction's size that says whether the filter logs, then the program.
#[must_use]
pub fn to_bytes(workload: &Workload) -> Vec<u8> {
    let one = |each: &sock_filter| {
        let [low, high] = each.code.to_ne_bytes();
        let k = each.k.to_ne_bytes();
        [low, high, each.jt, each.jf, k[0], k[1], k[2], k[3]]
    };
    [u8::from(workload.log), 0, 0, 0, 0, 0, 0, 0].into_iter().chain(workload.program.iter().flat_map(one)).collect()
}

/// `None` for bytes that [`to_bytes`] cannot have written.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Option<Workload> {
    let (&[log @ (0 | 1), 0, 0, 0, 0, 0, 0, 0], rest) = bytes.split_first_chunk::<INSTRUCTION>()? else {
        return None;
    };
    if !rest.len().is_multiple_of(INSTRUCTION) {
        return None;
    }
    let one = |each: &[u8]| {
        let &[low, high, jt, jf, a, b, c, d] = each else { return None };
        Some(sock_filter { code: u16::from_ne_bytes([low, high]), jt, jf, k: u32::from_ne_bytes([a, b, c, d]) })
    };
    let program: Filter = rest.chunks(INSTRUCTION).map(one).collect::<Option<_>>()?;
    is_valid(&program).then_some(Workload { program, log: log == 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_filters::compile;
    use bulkhead_plan::model::Seccomp;

    #[test]
    fn a_workloads_filter_is_the_same_after_it_was_handed_over() {
        let plan = Seccomp { profile: "strict".into(), deny_setid: false, unix_sockets_only: false, whiteouts: false };
        let bytes = to_bytes(&compile(&plan, &[]).unwrap().workload.unwrap());
        assert_eq!(to_bytes(&from_bytes(&bytes).unwrap()), bytes);
        for cut in [0, 7, 8, 9, 15] {
            assert!(from_bytes(&bytes[..cut]).is_none(), "{cut}");
        }
        assert!(from_bytes(&[&[2], &bytes[1..]].concat()).is_none());
        assert!(from_bytes(&bytes[1..]).is_none());
        let default = Seccomp { profile: "default".into(), ..plan };
        assert!(compile(&default, &[]).unwrap().workload.is_none());
    }

    #[test]
    fn each_floor_is_a_filter_and_is_what_the_compiler_writes() {
        for (whiteouts, chroot) in [(false, false), (false, true), (true, false), (true, true)] {
            let which = Floor::Workload { whiteouts, chroot };
            let written = bulkhead_filters::floor(bulkhead_filters::Architecture::NATIVE, which).unwrap();
            assert!(is_valid(floor(which)));
            let same = |(one, other): (&sock_filter, &sock_filter)| (one.code, one.k) == (other.code, other.k);
            assert!(written.len() == floor(which).len() && written.iter().zip(floor(which)).all(same));
        }
        assert!(is_valid(floor(Floor::Program)) && floor(Floor::Program).len() > 10);
    }
}
