//! From names to numbers of this architecture: what becomes of each syscall.

use bulkhead_plan::model::Seccomp;
use bulkhead_plan::profile::{Allow, Names, Overlay, Profile};
use std::collections::BTreeMap;
use syscalls::Sysno;

/// What becomes of one syscall.
#[derive(Debug, Clone, Copy)]
pub enum Verdict<'p> {
    /// It passes, whatever its arguments.
    Allow,
    /// It passes when all conditions of one alternative hold.
    When(&'p Allow),
    /// EPERM.
    Deny,
    /// ENOSYS.
    Absent,
}

/// Verdicts by syscall number. A number that is missing here is [`Verdict::Absent`].
pub type Table<'p> = BTreeMap<u32, Verdict<'p>>;

/// Resolves a profile for one plan; what comes later replaces what was there.
pub fn resolve<'p>(profile: &'p Profile, seccomp: &Seccomp, capabilities: &[String]) -> Table<'p> {
    let mut resolver = Resolver::new();
    resolver.put(&profile.deny, Verdict::Deny);
    resolver.put(&profile.absent, Verdict::Absent);
    resolver.allow(&profile.allow);
    resolver.overlay(profile, seccomp, capabilities);
    resolver.table
}

/// What holds whatever a profile of the policy's own says: the entries marked `floor`, and what the plan's mounts and
/// network call for. A number that is missing here is left to the profile.
pub fn floor<'p>(profile: &'p Profile, seccomp: &Seccomp, capabilities: &[String]) -> Table<'p> {
    let mut resolver = Resolver::new();
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

/// What the floor denies and none of these profiles allows: nobody has a use for it, not even a program that makes a
/// wall.
pub fn never<'p>(floor: &'p Profile, profiles: &[Profile]) -> Table<'p> {
    let mut resolver = Resolver::new();
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
            resolver.table.remove(&number);
        }
    }
    resolver.table
}

/// What these entries allow, and nothing about other numbers.
pub fn allowed(entries: &[Allow]) -> Table<'_> {
    let mut resolver = Resolver::new();
    resolver.allow(entries);
    resolver.table
}

/// Denies whatever the profile allows or denies; the rest stays absent.
pub fn known(profile: &Profile) -> Table<'_> {
    let mut resolver = Resolver::new();
    for entry in &profile.allow {
        resolver.set(&entry.names, Verdict::Deny);
    }
    resolver.put(&profile.deny, Verdict::Deny);
    resolver.put(&profile.absent, Verdict::Absent);
    resolver.table
}

/// The numbers of this architecture's syscalls.
pub struct Numbers(
    /// Sorted by name: the crate's own look-up compares with one name after the other, and this runs before the first
    /// launch.
    Vec<(&'static str, u32)>,
);

impl Numbers {
    pub fn new() -> Self {
        // The crate's iterator leaves out the last one.
        let all = Sysno::iter().chain([Sysno::last()]);
        let mut numbers: Vec<_> = all.filter_map(|call| Some((call.name(), u32::try_from(call.id()).ok()?))).collect();
        numbers.sort_unstable();
        Self(numbers)
    }

    /// `None` for a name that this architecture lacks, as aarch64 lacks `open`.
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
    fn new() -> Self {
        Self { numbers: Numbers::new(), table: Table::new() }
    }

    fn overlay(&mut self, profile: &'p Profile, seccomp: &Seccomp, capabilities: &[String]) {
        for capability in capabilities {
            if let Some(overlay) = profile.capabilities.get(capability) {
                self.apply(overlay);
            }
        }
        // After capabilities: no capability lifts a restriction that the plan's mounts or network call for.
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

    /// Passes over names that this architecture lacks, as aarch64 lacks `open`.
    fn set(&mut self, names: &[String], verdict: Verdict<'p>) {
        for name in names {
            if let Some(number) = self.numbers.of(name) {
                self.table.insert(number, verdict);
            }
        }
    }
}
