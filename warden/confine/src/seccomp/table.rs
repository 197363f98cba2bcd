//! From names to numbers of this architecture: what becomes of each syscall.

use bulkhead_plan::model::Seccomp;
use bulkhead_plan::profile::{Allow, Condition, Names, Overlay, Profile, Refusal};
use std::collections::BTreeMap;
use syscalls::Sysno;

/// What becomes of one syscall.
#[derive(Debug, Clone, Copy)]
pub enum Verdict<'p> {
    /// It passes, whatever its arguments.
    Allow,
    /// It passes when all conditions of one alternative hold.
    When(&'p [Vec<Condition>], Refusal),
    /// EPERM.
    Deny,
    /// ENOSYS.
    Absent,
}

/// Verdicts by syscall number. A number that is missing here is [`Verdict::Absent`].
pub type Table<'p> = BTreeMap<u32, Verdict<'p>>;

/// Resolves a profile for one plan; what comes later replaces what was there.
pub fn resolve<'p>(profile: &'p Profile, seccomp: &Seccomp, capabilities: &[String]) -> Table<'p> {
    let mut table = Table::new();
    put(&mut table, &profile.deny, Verdict::Deny);
    put(&mut table, &profile.absent, Verdict::Absent);
    allow(&mut table, &profile.allow);
    for capability in capabilities {
        if let Some(overlay) = profile.capabilities.get(capability) {
            apply(&mut table, overlay);
        }
    }
    // After capabilities: no capability lifts a restriction that the plan's mounts or network call for.
    if seccomp.deny_setid {
        apply(&mut table, &profile.deny_setid);
    }
    if seccomp.unix_sockets_only {
        apply(&mut table, &profile.unix_sockets_only);
    }
    table
}

fn apply<'p>(table: &mut Table<'p>, overlay: &'p Overlay) {
    allow(table, &overlay.allow);
    put(table, &overlay.absent, Verdict::Absent);
}

fn allow<'p>(table: &mut Table<'p>, entries: &'p [Allow]) {
    for entry in entries {
        let verdict = if entry.when.is_empty() { Verdict::Allow } else { Verdict::When(&entry.when, entry.otherwise) };
        table.extend(entry.names.iter().filter_map(|name| number(name)).map(|number| (number, verdict)));
    }
}

fn put<'p>(table: &mut Table<'p>, entries: &[Names], verdict: Verdict<'p>) {
    for entry in entries {
        table.extend(entry.names.iter().filter_map(|name| number(name)).map(|number| (number, verdict)));
    }
}

/// `None` for a name that this architecture lacks, as aarch64 lacks `open`.
fn number(name: &str) -> Option<u32> {
    let sysno: Sysno = name.parse().ok()?;
    u32::try_from(sysno.id()).ok()
}
