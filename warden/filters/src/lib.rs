//! Seccomp filters, compiled from the profile and the plan into bytes. The privileged process installs these bytes
//! without interpreting them.
//!
//! A seccompiler filter has two outcomes and compares syscall numbers one after the other. Bulkhead needs four (allow,
//! EPERM, ENOSYS, kill), which would take two stacked filters of about 2,000 instructions, with `openat` near their
//! end. So [`program`] generates one filter that finds a number by binary search. It is a quarter of the size. A
//! syscall whose arguments are checked takes ten steps. All others take none, since the kernel (5.11 and later) caches
//! which numbers are allowed whatever their arguments.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod custom;
#[cfg(test)]
mod custom_tests;
mod once;
mod program;
mod table;
#[cfg(test)]
mod tests;

pub use bulkhead_calls::Architecture;
use bulkhead_order::filter::Filter;
pub use bulkhead_order::{Filters, Floor, Workload};
use bulkhead_plan::model::{Seccomp, SeccompProfile};
use bulkhead_plan::{Error, profile};
use table::Verdict;

/// Minimum number of filters that init runs under: its `Seccomp_filters` must show at least this before it runs.
#[must_use]
pub fn base_count(seccomp: &Seccomp) -> u32 {
    let narrowed = match &seccomp.profile {
        SeccompProfile::Named(name) => profile::NARROWER_THAN_INIT.contains(&name.as_str()),
        SeccompProfile::Custom(_) => true,
    };
    2 + u32::from(narrowed && narrows(seccomp))
}

/// Checks that each built-in profile has one rule for a name.
///
/// # Errors
/// `SECCOMP_FAILED` with the profile and the name, or for data that does not parse.
pub fn check_profiles() -> Result<(), Error> {
    once::check()
}

/// This program's own architecture: filters compiled at run time are for it.
const NATIVE: Architecture = Architecture::NATIVE;

/// Compiles the filters for `seccomp`, given the workload's capabilities (without `CAP_`). Pure: the same arguments
/// give the same filters, so callers may cache them.
///
/// # Errors
/// `PLAN_INVALID` for an unknown profile, `SECCOMP_FAILED` for one that does not compile.
pub fn compile(seccomp: &Seccomp, capabilities: &[String]) -> Result<Filters, Error> {
    let floor = floor_for(seccomp, capabilities);
    match &seccomp.profile {
        SeccompProfile::Named(name) => {
            let profile = profile::named(name)?;
            let table = table::resolve(NATIVE, &profile, seccomp, capabilities);
            let alone = program::generate(&table, &Verdict::Absent)?;
            if !profile::NARROWER_THAN_INIT.contains(&name.as_str()) {
                return Ok(Filters { floor, base: vec![alone], workload: None });
            }
            let serving = profile::serving()?;
            let beside = program::generate_beside(&table::allowed(NATIVE, &serving), &table, &Verdict::Absent)?;
            let base = narrow(seccomp, capabilities)?.into_iter().chain([beside]).collect();
            Ok(Filters { floor, base, workload: Some(Workload { program: alone, log: false }) })
        }
        SeccompProfile::Custom(custom) => {
            let serving = profile::serving()?;
            let beside = custom::generate(custom, &table::allowed(NATIVE, &serving))?;
            let alone = custom::generate(custom, &table::Table::new(NATIVE))?;
            let base = narrow(seccomp, capabilities)?.into_iter().chain([beside]).collect();
            Ok(Filters { floor, base, workload: Some(Workload { program: alone, log: custom.log }) })
        }
    }
}

/// The filter of a helper: a Bulkhead process that parses hostile input. `network`: the helper may use TCP and UDP.
///
/// # Errors
/// `SECCOMP_FAILED` for one that does not compile.
pub fn compile_helper(network: bool) -> Result<Filters, Error> {
    let (default, helper) = (profile::named("default")?, profile::helper()?);
    let mut table = table::known(NATIVE, &default);
    table.extend(table::allowed(NATIVE, &helper.allow));
    if network {
        table.extend(table::allowed(NATIVE, &helper.network));
    }
    let floor = Floor::Workload { whiteouts: false, chroot: false };
    Ok(Filters { floor, base: vec![program::generate(&table, &Verdict::Absent)?], workload: None })
}

/// The filter of a front, compiled when the warden is built.
///
/// # Errors
/// `SECCOMP_FAILED` when the profiles do not parse.
pub fn front(architecture: Architecture) -> Result<Filter, Error> {
    let (default, front) = (profile::named("default")?, profile::front()?);
    let mut table = table::known(architecture, &default);
    table.extend(table::allowed(architecture, &front));
    program::generate(&table, &Verdict::Absent)
}

fn floor_for(seccomp: &Seccomp, capabilities: &[String]) -> Floor {
    match &seccomp.profile {
        SeccompProfile::Named(name) if profile::FOR_PROGRAMS.contains(&name.as_str()) => Floor::Program,
        _ => Floor::Workload {
            whiteouts: seccomp.whiteouts,
            chroot: capabilities.iter().any(|name| name == profile::CHROOT),
        },
    }
}

/// Whether the plan's mounts or network need more restrictions than the floor has.
fn narrows(seccomp: &Seccomp) -> bool {
    seccomp.deny_setid || seccomp.unix_sockets_only
}

/// These additional restrictions, for a profile that lacks them. They form a separate filter: the kernel applies the
/// strictest verdict of all filters, so neither the profile nor init can lift them.
fn narrow(seccomp: &Seccomp, capabilities: &[String]) -> Result<Option<Filter>, Error> {
    if !narrows(seccomp) {
        return Ok(None);
    }
    let profile = profile::named("default")?;
    program::generate(&table::floor(NATIVE, &profile, seccomp, capabilities), &Verdict::Allow).map(Some)
}

/// The floor itself, compiled when the warden is built.
///
/// # Errors
/// `SECCOMP_FAILED` when the profiles do not parse.
pub fn floor(architecture: Architecture, floor: Floor) -> Result<Filter, Error> {
    let default = profile::named("default")?;
    let Floor::Workload { whiteouts, chroot } = floor else {
        let programs = profile::FOR_PROGRAMS.iter().map(|name| profile::named(name)).collect::<Result<Vec<_>, _>>()?;
        return program::generate(&table::never(architecture, &default, &programs), &Verdict::Allow);
    };
    let seccomp = Seccomp { profile: "default".into(), deny_setid: false, unix_sockets_only: false, whiteouts };
    let capabilities = if chroot { vec![profile::CHROOT.to_owned()] } else { Vec::new() };
    program::generate(&table::floor(architecture, &default, &seccomp, &capabilities), &Verdict::Allow)
}
