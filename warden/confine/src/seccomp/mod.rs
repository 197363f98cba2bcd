//! The seccomp filter: compiled from the profile and the plan, installed for good.
//!
//! seccompiler gives a filter two outcomes and compares syscall numbers one after the other. We need four (allow, EPERM, ENOSYS, kill), which would
//! be two stacked filters of some 2,000 instructions with `openat` near their end. So [`program`] writes one filter of our own that
//! finds a number by halving: a quarter of the size, ten steps for each syscall whose arguments are looked at, and
//! for all others none, since the kernel (5.11 and later) remembers which numbers are allowed whatever the arguments.

mod custom;
#[cfg(test)]
mod custom_tests;
mod program;
mod table;
#[cfg(test)]
mod tests;

use crate::sys;
use bulkhead_plan::model::{Seccomp, SeccompProfile};
use bulkhead_plan::{Code, Error, profile};
use table::Verdict;

/// Compiled filters, ready to install in any number of processes.
#[derive(Debug, Clone)]
pub struct Filters {
    programs: Vec<Vec<libc::sock_filter>>,
    /// Of the last program: what it does not allow goes to the audit log too.
    log: bool,
}

impl Filters {
    /// How many filters `install` adds: what `Seccomp_filters` in `/proc/<pid>/status` must say.
    pub fn count(&self) -> usize {
        self.programs.len()
    }
}

/// Compiles what `seccomp` asks for, given the capabilities left to the workload (without `CAP_`).
/// Pure: the same arguments give the same filters, so results may be cached.
///
/// # Errors
/// `PLAN_INVALID` for an unknown profile, `SECCOMP_FAILED` for one that does not compile.
pub fn compile(seccomp: &Seccomp, capabilities: &[String]) -> Result<Filters, Error> {
    let programs = match &seccomp.profile {
        SeccompProfile::Named(name) => {
            let profile = profile::named(name)?;
            vec![program::generate(&table::resolve(&profile, seccomp, capabilities), &Verdict::Absent)?]
        }
        // Two filters: of two verdicts the kernel obeys the stricter, so nothing in a profile can undo the floor.
        SeccompProfile::Custom(custom) => {
            let profile = profile::named("default")?;
            let floor = table::floor(&profile, seccomp, capabilities);
            vec![program::generate(&floor, &Verdict::Allow)?, custom::generate(custom)?]
        }
    };
    Ok(Filters { programs, log: matches!(&seccomp.profile, SeccompProfile::Custom(custom) if custom.log) })
}

/// Puts the filters in force for the calling thread and all it will start. Needs no-new-privs. Never to be undone.
///
/// # Errors
/// `SECCOMP_FAILED` when the kernel refuses.
pub fn install(filters: &Filters) -> Result<(), Error> {
    for (index, program) in filters.programs.iter().enumerate() {
        // The floor is not what the profile's author wants to hear about.
        let logged = filters.log && index + 1 == filters.programs.len();
        let flags = if logged { libc::SECCOMP_FILTER_FLAG_LOG } else { 0 };
        let failed = || Error::new(Code::SeccompFailed, "seccomp SECCOMP_SET_MODE_FILTER");
        let len = u16::try_from(program.len()).map_err(|_| failed().detail("length"))?;
        let fprog = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
        // SAFETY: `fprog` points to `len` instructions that live until the call returns; the kernel copies and only reads them.
        let status =
            unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const fprog) };
        if status != 0 {
            return Err(failed().errno(sys::errno()));
        }
    }
    Ok(())
}
