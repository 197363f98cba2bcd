//! From syscall names to numbers of an architecture, and the verdict for each.

use bulkhead_calls::Architecture;
use bulkhead_plan::model::Seccomp;
use bulkhead_plan::profile::{Allow, Names, Overlay, Profile};
use std::collections::BTreeMap;

/// The verdict for one syscall.
#[derive(Debug, Clone, Copy)]
pub enum Verdict<'p> {
    /// Allowed, whatever its arguments.
    Allow,
    /// Allowed when all conditions of one alternative hold.
    When(&'p Allow),
    /// EPERM.
    Deny,
    /// ENOSYS.
    Absent,
}

/// Verdicts by syscall number of one architecture. A missing number is [`Verdict::Absent`].
#[derive(Debug)]
pub struct Table<'p> {
    pub architecture: Architecture,
    pub verdicts: BTreeMap<u32, Verdict<'p>>,
}

impl<'p> Table<'p> {
    pub fn new(architecture: Architecture) -> Self {
        Self { architecture, verdicts: BTreeMap::new() }
    }

    /// Rules of `other` replace those for the same number.
    pub fn extend(&mut self, other: Table<'p>) {
        self.verdicts.extend(other.verdicts);
    }
}

/// Resolves a profile for one plan; later entries replace earlier ones.
pub fn resolve<'p>(
    architecture: Architecture,
    profile: &'p Profile,
    seccomp: &Seccomp,
    capabilities: &[String],
) -> Table<'p> {
    let mut resolver = Resolver::new(architecture);
    resolver.put(&profile.deny, Verdict::Deny);
    resolver.put(&profile.absent, Verdict::Absent);
    resolver.allow(&profile.allow);
    resolver.overlay(profile, seccomp, capabilities);
    resolver.table
}

/// The verdicts that hold under any custom profile: the entries marked `floor`, and the restrictions that the plan's
/// mounts and network need. A missing number is left to the profile.
pub fn floor<'p>(
    architecture: Architecture,
    profile: &'p Profile,
    seccomp: &Seccomp,
    capabilities: &[String],
) -> Table<'p> {
    let mut resolver = Resolver::new(architecture);
    for (entries, verdict) in [(&profile.deny, Verdict::Deny), (&profile.absent, Verdict::Absent)] {
        for entry in entries.iter().filter(|entry| entry.floor) {
            resolver.set(&entry.names, verdict);
        }
    }
    for entry in profile.allow.iter().filter(|entry| entry.floor) {
        resolver.allow(std::slice::from_ref(entry));
    }
    resolver.overlay(profile, seccomp, capabilities);
    resolver.table
}

/// Calls that the floor denies and none of these profiles allows: no program needs them, not even one that builds a
/// sandbox.
pub fn never<'p>(architecture: Architecture, floor: &'p Profile, profiles: &[Profile]) -> Table<'p> {
    let mut resolver = Resolver::new(architecture);
    for entry in floor.deny.iter().filter(|entry| entry.floor) {
        resolver.set(&entry.names, Verdict::Deny);
    }
    let allowed = |profile: &Profile| {
        let overlays = [&profile.deny_setid, &profile.unix_sockets_only, &profile.whiteouts];
        let all = overlays.into_iter().chain(profile.capabilities.values()).flat_map(|overlay| &overlay.allow);
        profile.allow.iter().chain(all).flat_map(|entry| entry.names.clone()).collect::<Vec<_>>()
    };
    for name in profiles.iter().flat_map(allowed) {
        if let Some(number) = resolver.numbers.of(&name) {
            resolver.table.verdicts.remove(&number);
        }
    }
    resolver.table
}

/// The calls that these entries allow. Says nothing about other numbers.
pub fn allowed(architecture: Architecture, entries: &[Allow]) -> Table<'_> {
    let mut resolver = Resolver::new(architecture);
    resolver.allow(entries);
    resolver.table
}

/// Denies each call that the profile allows or denies; the others stay absent.
pub fn known(architecture: Architecture, profile: &Profile) -> Table<'_> {
    let mut resolver = Resolver::new(architecture);
    for entry in &profile.allow {
        resolver.set(&entry.names, Verdict::Deny);
    }
    resolver.put(&profile.deny, Verdict::Deny);
    resolver.put(&profile.absent, Verdict::Absent);
    resolver.table
}

/// The numbers of an architecture's syscalls.
pub struct Numbers(
    /// Sorted by name: the crate's own look-up scans linearly, and this runs before the first launch.
    Vec<(&'static str, u32)>,
);

impl Numbers {
    pub fn new(architecture: Architecture) -> Self {
        let mut numbers = architecture.calls();
        numbers.sort_unstable();
        Self(numbers)
    }

    /// `None` for a name that the architecture lacks, as aarch64 lacks `open`.
    pub fn of(&self, name: &str) -> Option<u32> {
        let index = self.0.binary_search_by_key(&name, |(name, _)| name).ok()?;
        self.0.get(index).map(|&(_, number)| number)
    }
}

struct Resolver<'p> {
    numbers: Numbers,
    table: Table<'p>,
}

impl<'p> Resolver<'p> {
    fn new(architecture: Architecture) -> Self {
        Self { numbers: Numbers::new(architecture), table: Table::new(architecture) }
    }

    fn overlay(&mut self, profile: &'p Profile, seccomp: &Seccomp, capabilities: &[String]) {
        for capability in capabilities {
            if let Some(overlay) = profile.capabilities.get(capability) {
                self.apply(overlay);
            }
        }
        // After capabilities: no capability lifts a restriction that the plan's mounts or network need.
        if seccomp.deny_setid {
            self.apply(&profile.deny_setid);
        }
        if seccomp.whiteouts {
            self.apply(&profile.whiteouts);
        }
        if seccomp.unix_sockets_only {
            self.apply(&profile.unix_sockets_only);
        }
    }

    fn apply(&mut self, overlay: &'p Overlay) {
        self.allow(&overlay.allow);
        self.put(&overlay.absent, Verdict::Absent);
    }

    fn allow(&mut self, entries: &'p [Allow]) {
        for entry in entries {
            self.set(&entry.names, if entry.when.is_empty() { Verdict::Allow } else { Verdict::When(entry) });
        }
    }

    fn put(&mut self, entries: &[Names], verdict: Verdict<'p>) {
        for entry in entries {
            self.set(&entry.names, verdict);
        }
    }

    /// Skips names that the architecture lacks, as aarch64 lacks `open`.
    fn set(&mut self, names: &[String], verdict: Verdict<'p>) {
        for name in names {
            if let Some(number) = self.numbers.of(name) {
                self.table.verdicts.insert(number, verdict);
            }
        }
    }
}
