//! Seccomp profiles as commented data: the files of `profiles/`, compiled in.
//!
//! A syscall is allowed, denied (EPERM) or absent (ENOSYS). A syscall that a profile does not name is absent: on ENOSYS
//! a libc uses its fallback, whereas it would take EPERM for the answer.

use crate::{Code, Error};
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::marker::PhantomData;

/// Every built-in profile: the name in plans, and the text. `strict` is for programs that compute, and read and write
/// files.
pub const PROFILES: [(&str, &str); 5] = [
    ("default", include_str!("../profiles/default.json")),
    ("strict", include_str!("../profiles/strict.json")),
    ("sentry", include_str!("../profiles/sentry.json")),
    ("qemu", include_str!("../profiles/qemu.json")),
    ("firecracker", include_str!("../profiles/firecracker.json")),
];

/// Profiles for workloads that leave out calls that init needs. Under these, and under a custom profile, init keeps the
/// calls in [`serving`], and the child of init that becomes the workload installs the profile itself.
pub const NARROWER_THAN_INIT: [&str; 1] = ["strict"];

/// Profiles of programs that build a sandbox of their own, and so need calls that no workload may use.
pub const FOR_PROGRAMS: [&str; 3] = ["sentry", "qemu", "firecracker"];

/// The one capability that lifts a part of the floor, without `CAP_`.
pub const CHROOT: &str = "SYS_CHROOT";

/// One profile: the base, and overlays that replace parts of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Profile {
    /// Its name in plans.
    pub name: String,
    /// Allowed, always or for some arguments.
    pub allow: Vec<Allow>,
    /// Known, and refused with EPERM.
    pub deny: Vec<Names>,
    /// Known, and answered with ENOSYS like a kernel that lacks them.
    pub absent: Vec<Names>,
    /// In force when the plan says `denySetid`.
    pub deny_setid: Overlay,
    /// In force when the plan says `unixSocketsOnly`.
    pub unix_sockets_only: Overlay,
    /// In force when the plan says `whiteouts`; instead of what `denySetid` says about the same calls.
    pub whiteouts: Overlay,
    /// In force when the plan leaves the workload the capability of this name.
    #[serde(deserialize_with = "each_once")]
    pub capabilities: BTreeMap<String, Overlay>,
}

/// Replaces the base's verdicts on the syscalls that it names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overlay {
    /// As in [`Profile`].
    pub allow: Vec<Allow>,
    /// As in [`Profile`].
    pub absent: Vec<Names>,
}

/// Syscalls, and who needs them or why nobody gets them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// Never empty; a test checks that.
    pub why: String,
    /// Names from the kernel's table. Those that an architecture lacks are skipped there.
    pub names: Vec<String>,
    /// Also holds under a custom profile.
    #[serde(default)]
    pub floor: bool,
}

/// Syscalls that may be used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// Never empty; a test checks that.
    pub why: String,
    /// As in [`Names`].
    pub names: Vec<String>,
    /// Alternatives, each a list of conditions that must all hold. Empty: whatever the arguments.
    #[serde(default)]
    pub when: Vec<Vec<Condition>>,
    /// For calls that no alternative allows: the first of these whose conditions hold gives the errno.
    #[serde(default)]
    pub refuse: Vec<Refused>,
    /// The errno of all other calls.
    #[serde(default, rename = "else")]
    pub otherwise: Refusal,
    /// As in [`Names`]: the conditions hold under any profile.
    #[serde(default)]
    pub floor: bool,
}

/// The errno that a kernel would return for calls refused here, so that programs interpret it correctly.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The errno of such a call.
    pub errno: Refusal,
    /// As in [`Allow`].
    pub when: Vec<Vec<Condition>>,
}

/// Compares the lower half of one argument, under a mask. Lower half, because each argument tested here is an `int`
/// (or, for `clone`, flags that the kernel truncates to 32 bits): comparing the upper half as well would let `TIOCSTI |
/// 1 << 32` through.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Condition {
    /// 0 to 5.
    pub arg: u8,
    /// Applied before comparing.
    #[serde(default)]
    pub mask: Word,
    /// If not empty, the value must be one of these.
    #[serde(default, rename = "in", deserialize_with = "each_once")]
    pub among: BTreeMap<String, Word>,
    /// The value must be none of these.
    #[serde(default, deserialize_with = "each_once")]
    pub not_in: BTreeMap<String, Word>,
}

/// The errno of a refused call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Refusal {
    /// Denied.
    #[default]
    #[serde(rename = "EPERM")]
    Permission,
    /// The errno of a kernel without that family, so that programs try another.
    #[serde(rename = "EAFNOSUPPORT")]
    AddressFamily,
    /// An invalid number.
    #[serde(rename = "EINVAL")]
    Invalid,
    /// A protocol that the family lacks, or lacks for this type.
    #[serde(rename = "EPROTONOSUPPORT")]
    Protocol,
    /// A type that the family lacks.
    #[serde(rename = "ESOCKTNOSUPPORT")]
    SocketType,
}

/// 32 bits, written `0x…`; all bits if absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word(pub u32);

impl Default for Word {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        text.strip_prefix("0x")
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .map(Self)
            .ok_or_else(|| de::Error::custom("not a 32-bit hexadecimal number"))
    }
}

/// A map in which no name comes twice: of two values, the later would silently win.
fn each_once<'de, D: Deserializer<'de>, V: Deserialize<'de>>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error> {
    struct EachOnce<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> de::Visitor<'de> for EachOnce<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object with each name once")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((name, value)) = entries.next_entry::<String, V>()? {
                match map.entry(name) {
                    Entry::Vacant(place) => {
                        place.insert(value);
                    }
                    Entry::Occupied(first) => {
                        return Err(de::Error::custom(format!("two values: {}", first.key())));
                    }
                }
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(EachOnce(PhantomData))
}

/// The calls that init itself may make under any profile, besides those that the profile allows: to start programs,
/// serve files, listen and connect.
///
/// # Errors
/// `SECCOMP_FAILED` for data that does not parse (a test keeps that from shipping).
pub fn serving() -> Result<Vec<Allow>, Error> {
    allowed(include_str!("../profiles/init.json"))
}

/// The calls that a front of the broker may make.
///
/// # Errors
/// As [`serving`].
pub fn front() -> Result<Vec<Allow>, Error> {
    allowed(include_str!("../profiles/front.json"))
}

fn allowed(text: &str) -> Result<Vec<Allow>, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Allowed {
        #[serde(rename = "name")]
        _name: String,
        allow: Vec<Allow>,
    }
    let allowed: Allowed = serde_json::from_str(text)
        .map_err(|error| Error::new(Code::SeccompFailed, "parse profile").detail(error.to_string()))?;
    Ok(allowed.allow)
}

/// The calls that a Bulkhead process that parses hostile input may make. No plan can name this profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Helper {
    #[serde(rename = "name")]
    _name: String,
    pub allow: Vec<Allow>,
    /// The additional calls for TCP and UDP.
    pub network: Vec<Allow>,
}

/// # Errors
/// `SECCOMP_FAILED` for data that does not parse (a test keeps that from shipping).
pub fn helper() -> Result<Helper, Error> {
    serde_json::from_str(include_str!("../profiles/helper.json"))
        .map_err(|error| Error::new(Code::SeccompFailed, "parse profile").detail(error.to_string()))
}

/// The profile that a plan names.
///
/// # Errors
/// `PLAN_INVALID` for an unknown name, `SECCOMP_FAILED` for data that does not parse (a test keeps that from shipping).
pub fn named(name: &str) -> Result<Profile, Error> {
    let Some((_, text)) = PROFILES.iter().find(|(known, _)| *known == name) else {
        return Err(Error::new(Code::PlanInvalid, "check").detail("seccomp.profile"));
    };
    serde_json::from_str(text)
        .map_err(|error| Error::new(Code::SeccompFailed, "parse profile").detail(error.to_string()))
}
