//! Each built-in profile has one rule for a name: of two, the later would silently win.

use bulkhead_plan::profile::{self, Allow, Names, Overlay, Profile};
use bulkhead_plan::{Code, Error};
use std::collections::BTreeSet;

/// Checks every built-in profile, when the warden is built.
///
/// # Errors
/// `SECCOMP_FAILED` with the profile and the name that has two rules, or for data that does not parse.
pub fn check() -> Result<(), Error> {
    for (name, _) in profile::PROFILES {
        check_profile(&profile::named(name)?)?;
    }
    check_rules("init", &profile::serving()?, &[])?;
    check_rules("front", &profile::front()?, &[])?;
    let helper = profile::helper()?;
    check_rules("helper", &[helper.allow, helper.network].concat(), &[])
}

/// A name may have a rule in the base, and one in each overlay, which replaces it.
pub fn check_profile(profile: &Profile) -> Result<(), Error> {
    check_rules(&profile.name, &profile.allow, &[profile.deny.as_slice(), &profile.absent].concat())?;
    let overlays = [&profile.deny_setid, &profile.unix_sockets_only, &profile.whiteouts];
    for Overlay { allow, absent } in overlays.into_iter().chain(profile.capabilities.values()) {
        check_rules(&profile.name, allow, absent)?;
    }
    Ok(())
}

fn check_rules(profile: &str, allow: &[Allow], others: &[Names]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    let names = allow.iter().flat_map(|rule| &rule.names).chain(others.iter().flat_map(|rule| &rule.names));
    for name in names {
        if !seen.insert(name) {
            return Err(Error::new(Code::SeccompFailed, "check profile").detail(format!("{profile}: {name}")));
        }
    }
    Ok(())
}
