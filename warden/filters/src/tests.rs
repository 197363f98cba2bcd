//! The generated program against the profile: an interpreter runs it for every number, and for arguments near each
//! value that a rule names.

use super::*;
use bulkhead_plan::Code;
use bulkhead_plan::profile::{Allow, Condition, Names, Profile, Refusal};
use std::collections::BTreeSet;
use table::{Table, Verdict};

/// A cross build compiles for the other one.
const ARCHITECTURES: [Architecture; 2] = [Architecture::X86_64, Architecture::Aarch64];
/// `AUDIT_ARCH_*` of this machine, independent of the code under test.
#[cfg(target_arch = "x86_64")]
pub const AUDIT: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
pub const AUDIT: u32 = 0xc000_00b7;

const VARIANTS: [(bool, bool, &[&str]); 5] = [
    (false, false, &[]),
    (true, false, &[]),
    (false, true, &[]),
    (true, true, &["CHOWN", "SYS_CHROOT"]),
    (false, false, &["SYS_CHROOT"]),
];

fn seccomp(deny_setid: bool, unix_sockets_only: bool) -> Seccomp {
    Seccomp { profile: "default".into(), deny_setid, unix_sockets_only, whiteouts: false }
}

fn all() -> impl Iterator<Item = Profile> {
    profile::PROFILES.into_iter().map(|(name, _)| profile::named(name).unwrap()).inspect(|profile| {
        assert!(profile::PROFILES.iter().any(|(name, _)| *name == profile.name));
    })
}

fn default() -> Profile {
    profile::named("default").unwrap()
}

/// Evaluates a filter on `struct seccomp_data` as the kernel does, for the instructions that we generate.
pub fn run(program: &[libc::sock_filter], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
    let mut data = Vec::new();
    data.extend(number.to_le_bytes());
    data.extend(architecture.to_le_bytes());
    data.extend(0_u64.to_le_bytes());
    for argument in arguments {
        data.extend(argument.to_le_bytes());
    }
    let (mut at, mut a) = (0, 0_u32);
    loop {
        let instruction = program[at];
        at += 1;
        let k = instruction.k;
        let condition = match u32::from(instruction.code) {
            0x20 => {
                a = u32::from_le_bytes(data[k as usize..][..4].try_into().unwrap());
                continue;
            }
            0x54 => {
                a &= k;
                continue;
            }
            0x05 => {
                at += k as usize;
                continue;
            }
            0x06 => return k,
            0x15 => a == k,
            0x25 => a > k,
            0x35 => a >= k,
            code => panic!("instruction {code:#x}"),
        };
        at += usize::from(if condition { instruction.jt } else { instruction.jf });
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the lower half is what a condition is about")]
fn holds(condition: &Condition, arguments: [u64; 6]) -> bool {
    let value = arguments[usize::from(condition.arg)] as u32 & condition.mask.0;
    (condition.among.is_empty() || condition.among.values().any(|word| word.0 == value))
        && condition.not_in.values().all(|word| word.0 != value)
}

fn expected(table: &Table, number: u32, arguments: [u64; 6]) -> u32 {
    const ERRNO: u32 = 0x0005_0000;
    match table.verdicts.get(&number) {
        Some(Verdict::Allow) => 0x7fff_0000,
        Some(Verdict::Deny) => ERRNO | 1,
        Some(Verdict::Absent) | None => ERRNO | 0x26,
        Some(Verdict::When(allow)) => {
            let all = |conditions: &Vec<Condition>| conditions.iter().all(|condition| holds(condition, arguments));
            if allow.when.iter().any(all) {
                return 0x7fff_0000;
            }
            let refused = allow.refuse.iter().find(|refused| refused.when.iter().any(all));
            ERRNO
                | match refused.map_or(allow.otherwise, |refused| refused.errno) {
                    Refusal::Permission => 1,
                    Refusal::AddressFamily => 0x61,
                    Refusal::Invalid => 0x16,
                    Refusal::Protocol => 0x5d,
                    Refusal::SocketType => 0x5e,
                }
        }
    }
}

/// The conditions of allowed calls, and those of calls with a specific refusal.
fn conditions_of(allow: &Allow) -> impl Iterator<Item = &Condition> {
    allow.when.iter().chain(allow.refuse.iter().flat_map(|refused| &refused.when)).flatten()
}

/// Every value that a rule names, its neighbours, and each with bits set above the lower half.
fn interesting(verdict: Option<&Verdict>) -> Vec<u64> {
    let mut values = BTreeSet::from([0_u64, 1, u64::MAX, 0xffff_ffff, 0o104_755, 0o100_644, 0x0040_0040]);
    if let Some(Verdict::When(allow)) = verdict {
        for condition in conditions_of(allow) {
            for word in condition.among.values().chain(condition.not_in.values()).chain([&condition.mask]) {
                let value = u64::from(word.0);
                values.extend([value, value.wrapping_sub(1), value + 1, value | 1 << 32, value | 0x8_0800]);
            }
        }
    }
    values.into_iter().collect()
}

#[test]
fn program_decides_as_the_table_does() {
    for architecture in ARCHITECTURES {
        all().for_each(|profile| decides_as_its_table(architecture, &profile));
    }
}

fn decides_as_its_table(architecture: Architecture, profile: &Profile) {
    for (deny_setid, unix_sockets_only, capabilities) in VARIANTS {
        let plan = seccomp(deny_setid, unix_sockets_only);
        let capabilities: Vec<String> = capabilities.iter().map(ToString::to_string).collect();
        let table = table::resolve(architecture, profile, &plan, &capabilities);
        let program = program::generate(&table, &Verdict::Absent).unwrap();
        for number in (0..600).chain([0x3fff_ffff]) {
            let values = interesting(table.verdicts.get(&number));
            for &first in &values {
                for &second in &values {
                    for arguments in [[first, second, first, second, 0, 0], [first, second, 0, first, 0, 0]] {
                        assert_eq!(
                            run(&program, architecture.audit(), number, arguments),
                            expected(&table, number, arguments),
                            "{number} {arguments:x?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn foreign_calls_kill() {
    let filters = compile(&seccomp(false, false), &[]).unwrap();
    assert_eq!(filters.count(), 2, "and the floor");
    let program = &filters.base[0];
    for architecture in [0x4000_0003, 0x4000_0028, 0, u32::MAX] {
        assert_eq!(run(program, architecture, 0, [0; 6]), 0x8000_0000);
    }
    for number in [0x4000_0000, 0x4000_0001, 0x4000_0200, 0x8000_0000, u32::MAX] {
        assert_eq!(run(program, AUDIT, number, [0; 6]), 0x8000_0000);
    }
    assert!(program.len() < 600, "{}", program.len());
}

#[test]
fn only_whiteouts_are_made_and_only_where_asked_for() {
    const CHARACTER: u64 = 0x2000;
    let mknodat = u32::try_from(libc::SYS_mknodat).unwrap();
    let verdict = |whiteouts, mode, device| {
        let filters = compile(&Seccomp { whiteouts, ..seccomp(true, false) }, &[]).unwrap();
        run(&filters.base[0], AUDIT, mknodat, [0, 0, mode, device, 0, 0])
    };
    let (allowed, refused) = (0x7fff_0000, 0x0005_0001);
    assert_eq!(verdict(true, CHARACTER, 0), allowed);
    assert_eq!(verdict(false, CHARACTER, 0), refused);
    for (mode, device) in [(CHARACTER, 0x103), (0x6000, 0), (CHARACTER | 0o4000, 0), (0x8000 | 0o4755, 0)] {
        assert_eq!(verdict(true, mode, device), refused, "{mode:o} {device:x}");
    }
}

#[test]
fn unknown_profile_is_refused() {
    let error = compile(&Seccomp { profile: "none".into(), ..seccomp(false, false) }, &[]).unwrap_err();
    assert_eq!((error.code, error.detail.as_deref()), (Code::PlanInvalid, Some("seccomp.profile")));
}

fn lists(profile: &Profile) -> Vec<(String, Vec<String>)> {
    let overlays: Vec<_> = [&profile.deny_setid, &profile.unix_sockets_only, &profile.whiteouts]
        .into_iter()
        .chain(profile.capabilities.values())
        .collect();
    let allows = profile.allow.iter().chain(overlays.iter().flat_map(|overlay| &overlay.allow));
    let others = profile.deny.iter().chain(&profile.absent).chain(overlays.iter().flat_map(|overlay| &overlay.absent));
    allows
        .map(|entry| (entry.why.clone(), entry.names.clone()))
        .chain(others.map(|entry| (entry.why.clone(), entry.names.clone())))
        .collect()
}

#[test]
fn every_rule_says_why_and_names_what_exists() {
    for (why, names) in all().flat_map(|profile| lists(&profile)) {
        assert!(why.len() >= 5 && !names.is_empty(), "{names:?}");
        for name in names {
            let known = ARCHITECTURES.into_iter().any(|one| one.calls().iter().any(|(call, _)| *call == name));
            assert!(known, "{name}");
        }
    }
}

#[test]
fn every_condition_can_hold_and_can_fail() {
    let rules = |profile: Profile| {
        let overlays = [profile.deny_setid, profile.unix_sockets_only, profile.whiteouts];
        profile.allow.into_iter().chain(overlays.into_iter().flat_map(|overlay| overlay.allow))
    };
    let conditions = |entry: Allow| conditions_of(&entry).cloned().collect::<Vec<_>>();
    for condition in all().flat_map(rules).flat_map(conditions) {
        assert!(condition.arg <= 5);
        assert!(!condition.among.is_empty() || !condition.not_in.is_empty(), "{condition:?}");
        for word in condition.among.values().chain(condition.not_in.values()) {
            assert_eq!(word.0 & !condition.mask.0, 0, "{condition:?}");
        }
    }
}

/// The profile names each syscall of each kernel's table exactly once: a new one in the `syscalls` crate needs a
/// decision here. It names none that no architecture has.
#[test]
fn every_known_syscall_has_one_verdict() {
    for name in ["default", "strict"] {
        one_verdict(&profile::named(name).unwrap());
    }
}

fn one_verdict(profile: &Profile) {
    let base = profile.allow.iter().flat_map(|entry| &entry.names);
    let others = profile.deny.iter().chain(&profile.absent).flat_map(|entry| &entry.names);
    let all: Vec<&str> = base.chain(others).map(String::as_str).collect();
    let named: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(named.len(), all.len(), "named twice");
    let known: BTreeSet<&str> = ARCHITECTURES.into_iter().flat_map(Architecture::calls).map(|(name, _)| name).collect();
    assert_eq!(named.symmetric_difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new());
}

/// A jail's profile names each call that its program uses exactly once; all other calls get ENOSYS there.
#[test]
fn jails_name_each_syscall_once_and_no_dangerous_one() {
    for profile in all().filter(|profile| profile.name != "default") {
        let named: Vec<&str> = profile.allow.iter().flat_map(|entry| &entry.names).map(String::as_str).collect();
        assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "{}", profile.name);
        for never in ["bpf", "keyctl", "add_key", "io_uring_setup", "userfaultfd", "perf_event_open", "init_module"] {
            assert!(!named.contains(&never), "{}: {never}", profile.name);
        }
    }
}

/// Of two rules for one name the later would silently win, so the build fails.
#[test]
fn no_built_in_profile_has_two_rules_for_one_name() {
    once::check().unwrap();
    let allowed = default().allow[0].clone();
    let denied = default().deny[0].clone();
    let twice: [fn(&mut Profile, Allow, Names); 4] = [
        |profile, allowed, _| profile.allow.push(allowed),
        |profile, _, denied| profile.deny.push(denied),
        |profile, _, denied| profile.absent.push(denied),
        |profile, allowed, _| profile.whiteouts.allow.extend([allowed.clone(), allowed]),
    ];
    for change in twice {
        let mut profile = default();
        once::check_profile(&profile).unwrap();
        change(&mut profile, allowed.clone(), denied.clone());
        assert_eq!(once::check_profile(&profile).unwrap_err().code, Code::SeccompFailed);
    }
    // An overlay replaces the base's rule.
    let mut profile = default();
    profile.whiteouts.allow = vec![allowed];
    once::check_profile(&profile).unwrap();
}

/// Docker's default allows 308 of 383 on x86-64.
#[test]
fn allows_less_than_docker() {
    let profile = default();
    let counts = ARCHITECTURES.map(|architecture| {
        let allowed = table::allowed(architecture, &profile.allow).verdicts.len();
        (allowed, architecture.calls().len())
    });
    assert_eq!(counts, [(273, 383), (237, 325)]);
}

/// Each has `mount` where the other has a call that no floor mentions.
#[test]
fn a_filter_has_the_numbers_of_its_architecture() {
    let verdict = |architecture, number| {
        let filter = floor(architecture, Floor::Workload { whiteouts: false, chroot: false }).unwrap();
        run(&filter, architecture.audit(), number, [0; 6])
    };
    let (allowed, denied) = (0x7fff_0000, 0x0005_0001);
    for (one, other, mount) in
        [(Architecture::X86_64, Architecture::Aarch64, 165), (Architecture::Aarch64, Architecture::X86_64, 40)]
    {
        assert_eq!((verdict(one, mount), verdict(other, mount)), (denied, allowed), "{one:?}");
        let filter = floor(one, Floor::Program).unwrap();
        assert_eq!(run(&filter, other.audit(), 0, [0; 6]), 0x8000_0000, "{one:?} under {other:?}");
    }
}

/// `default` allows each call that `strict` allows, and no overlay allows one that `strict` leaves out.
#[test]
fn strict_is_stricter() {
    let strict = profile::named("strict").unwrap();
    for (deny_setid, unix_sockets_only, capabilities) in VARIANTS {
        let plan = seccomp(deny_setid, unix_sockets_only);
        let capabilities: Vec<String> = capabilities.iter().map(ToString::to_string).collect();
        let programs = [&default(), &strict].map(|profile| {
            program::generate(&table::resolve(NATIVE, profile, &plan, &capabilities), &Verdict::Absent).unwrap()
        });
        for number in 0..600 {
            for first in [0, 1, 2, 0x26, 0x5412, 0x1000_0000, 0o4755, 0x23] {
                for second in [0, 1, 3, 0x5412, 0x40, 0o4755, 0o020_644] {
                    let arguments = [first, second, second, second, 0, 0];
                    let [default, strict] = [0, 1].map(|at| run(&programs[at], AUDIT, number, arguments));
                    assert!(strict != 0x7fff_0000 || default == strict, "{number} {arguments:x?}");
                }
            }
        }
    }
    let allowed: usize = strict.allow.iter().map(|entry| entry.names.len()).sum();
    assert_eq!(allowed, 162);
}
