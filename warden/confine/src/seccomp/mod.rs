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

use bulkhead_plan::model::{Seccomp, SeccompProfile};
use bulkhead_plan::{Code, Error, profile};
use program::Program;
use table::Verdict;

/// Compiled filters, ready to install in any number of processes.
#[derive(Debug, Clone)]
pub struct Filters {
    /// For init, and for all that it starts.
    base: Vec<Program>,
    /// For the workload on top: where its profile leaves out some of what init does.
    workload: Option<Workload>,
}

impl Filters {
    /// How many filters `install` adds: what `Seccomp_filters` in `/proc/<pid>/status` must say.
    pub fn count(&self) -> usize {
        self.base.len() + usize::from(self.workload.is_some())
    }

    pub fn workload(&self) -> Option<&Workload> {
        self.workload.as_ref()
    }
}

/// How many filters init is under, at least: what its `Seccomp_filters` must say before it runs.
#[must_use]
pub fn base_count(seccomp: &Seccomp) -> u32 {
    match &seccomp.profile {
        SeccompProfile::Named(name) if !profile::NARROWER_THAN_INIT.contains(&name.as_str()) => 1,
        SeccompProfile::Named(_) | SeccompProfile::Custom(_) => 2,
    }
}

/// The filter that a child of init puts in force before it becomes the workload.
#[derive(Debug, Clone)]
pub struct Workload {
    program: Program,
    /// What it does not allow goes to the audit log too. The floor is not what the profile's author wants to hear about.
    log: bool,
}

/// Of one instruction: `struct sock_filter`.
const INSTRUCTION: usize = 8;

impl Workload {
    /// Puts it in force as [`install`] does.
    ///
    /// # Errors
    /// `SECCOMP_FAILED` when the kernel refuses.
    pub fn install(&self) -> Result<(), Error> {
        put_in_force(&self.program, self.log)
    }

    /// Whether it logs, in a block of an instruction's size; then the program.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let one = |each: &libc::sock_filter| {
            let [low, high] = each.code.to_ne_bytes();
            let k = each.k.to_ne_bytes();
            [low, high, each.jt, each.jf, k[0], k[1], k[2], k[3]]
        };
        [u8::from(self.log), 0, 0, 0, 0, 0, 0, 0].into_iter().chain(self.program.iter().flat_map(one)).collect()
    }

    /// `None` for what [`Workload::to_bytes`] cannot have written. The kernel checks the program itself.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[log @ (0 | 1), 0, 0, 0, 0, 0, 0, 0], rest) = bytes.split_first_chunk::<INSTRUCTION>()? else {
            return None;
        };
        if rest.is_empty() || !rest.len().is_multiple_of(INSTRUCTION) {
            return None;
        }
        let one = |each: &[u8]| {
            let &[low, high, jt, jf, a, b, c, d] = each else { return None };
            Some(libc::sock_filter {
                code: u16::from_ne_bytes([low, high]),
                jt,
                jf,
                k: u32::from_ne_bytes([a, b, c, d]),
            })
        };
        let program = rest.chunks(INSTRUCTION).map(one).collect::<Option<_>>()?;
        Some(Self { program, log: log == 1 })
    }
}

/// Compiles what `seccomp` asks for, given the capabilities left to the workload (without `CAP_`).
/// Pure: the same arguments give the same filters, so results may be cached.
///
/// # Errors
/// `PLAN_INVALID` for an unknown profile, `SECCOMP_FAILED` for one that does not compile.
pub fn compile(seccomp: &Seccomp, capabilities: &[String]) -> Result<Filters, Error> {
    let none = table::Table::new();
    match &seccomp.profile {
        SeccompProfile::Named(name) => {
            let profile = profile::named(name)?;
            let table = table::resolve(&profile, seccomp, capabilities);
            let alone = program::generate(&table, &Verdict::Absent)?;
            if !profile::NARROWER_THAN_INIT.contains(&name.as_str()) {
                return Ok(Filters { base: vec![alone], workload: None });
            }
            let serving = profile::serving()?;
            let beside = program::generate_beside(&table::allowed(&serving), &table, &Verdict::Absent)?;
            Ok(Filters {
                base: vec![floor(seccomp, capabilities)?, beside],
                workload: Some(Workload { program: alone, log: false }),
            })
        }
        SeccompProfile::Custom(custom) => {
            let serving = profile::serving()?;
            let beside = custom::generate(custom, &table::allowed(&serving))?;
            let alone = custom::generate(custom, &none)?;
            Ok(Filters {
                base: vec![floor(seccomp, capabilities)?, beside],
                workload: Some(Workload { program: alone, log: custom.log }),
            })
        }
    }
}

/// The filter of a helper: a process of Bulkhead's own that parses hostile input. `network`: it may speak TCP and UDP.
///
/// # Errors
/// `SECCOMP_FAILED` for one that does not compile.
pub fn compile_helper(network: bool) -> Result<Filters, Error> {
    let (default, helper) = (profile::named("default")?, profile::helper()?);
    let mut table = table::known(&default);
    table.extend(table::allowed(&helper.allow));
    if network {
        table.extend(table::allowed(&helper.network));
    }
    Ok(Filters { base: vec![program::generate(&table, &Verdict::Absent)?], workload: None })
}

/// A filter of its own: of several verdicts the kernel obeys the strictest, so neither a profile nor what init does can undo the floor.
fn floor(seccomp: &Seccomp, capabilities: &[String]) -> Result<Program, Error> {
    let profile = profile::named("default")?;
    program::generate(&table::floor(&profile, seccomp, capabilities), &Verdict::Allow)
}

/// Puts all filters in force for the calling thread and all it will start. Needs no-new-privs. Never to be undone.
///
/// # Errors
/// `SECCOMP_FAILED` when the kernel refuses.
pub fn install(filters: &Filters) -> Result<(), Error> {
    install_base(filters)?;
    filters.workload.as_ref().map_or(Ok(()), Workload::install)
}

/// As [`install`], but for the workload's own: for a process that becomes init, which puts that in force in what it starts.
///
/// # Errors
/// As [`install`].
pub fn install_base(filters: &Filters) -> Result<(), Error> {
    filters.base.iter().try_for_each(|program| put_in_force(program, false))
}

fn put_in_force(program: &Program, log: bool) -> Result<(), Error> {
    bulkhead_sys::seccomp(program, log)
        .map_err(|errno| Error::new(Code::SeccompFailed, "seccomp SECCOMP_SET_MODE_FILTER").errno(errno.raw_os_error()))
}
