//! Custom profiles against their rules, and the floor, which no custom profile can lower.

use super::tests::{AUDIT, run};
use super::*;
use crate::program::Program;
use bulkhead_plan::Code;
use bulkhead_plan::custom::{Action, Argument, Comparison, CustomProfile, Rule, Word64};

const OPERATIONS: [Comparison; 7] = [
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Equal,
    Comparison::GreaterOrEqual,
    Comparison::Greater,
    Comparison::MaskedEqual,
];
/// Both halves of a value matter, and so does their order.
const VALUES: [u64; 9] =
    [0, 1, 2, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001, 0x2_0000_0000, 0xffff_ffff_ffff_ffff];

const NONE: table::Table<'static> = table::Table { architecture: NATIVE, verdicts: std::collections::BTreeMap::new() };

/// Init's filters, including the floor.
fn base_of(filters: &Filters) -> Vec<Program> {
    [floor(NATIVE, filters.floor).unwrap()].into_iter().chain(filters.base.iter().cloned()).collect()
}

fn all_of(filters: &Filters) -> Vec<Program> {
    base_of(filters).into_iter().chain(filters.workload.iter().map(|workload| workload.program.clone())).collect()
}

fn holds(argument: &Argument, given: u64) -> bool {
    let value = argument.value.0;
    match argument.op {
        Comparison::NotEqual => given != value,
        Comparison::Less => given < value,
        Comparison::LessOrEqual => given <= value,
        Comparison::Equal => given == value,
        Comparison::GreaterOrEqual => given >= value,
        Comparison::Greater => given > value,
        Comparison::MaskedEqual => given & value == argument.value_two.0,
    }
}

fn code(action: Action) -> u32 {
    match action {
        Action::KillProcess => 0x8000_0000,
        Action::KillThread => 0,
        Action::Trap => 0x0003_0000,
        Action::Errno(errno) => 0x0005_0000 | u32::from(errno),
        Action::Log => 0x7ffc_0000,
        Action::Allow => 0x7fff_0000,
    }
}

fn argument(index: u8, op: Comparison, value: u64) -> Argument {
    let value_two = if op == Comparison::MaskedEqual { value & 0x1_0000_0001 } else { 0 };
    Argument { index, op, value: Word64(value), value_two: Word64(value_two) }
}

#[test]
fn every_comparison_is_of_64_bits() {
    let number = u32::try_from(libc::SYS_read).unwrap();
    for op in OPERATIONS {
        for value in VALUES {
            for second in [Comparison::Equal, Comparison::Less, Comparison::NotEqual] {
                let args = vec![argument(1, op, value), argument(3, second, 0x1_0000_0000)];
                let rules = vec![
                    Rule { names: vec!["read".into()], action: Action::Allow, args: args.clone() },
                    Rule { names: vec!["read".into()], action: Action::Errno(7), args: vec![argument(1, op, value)] },
                ];
                let program =
                    custom::generate(&CustomProfile { default: Action::Errno(38), rules, log: false }, &NONE).unwrap();
                for given in VALUES {
                    for other in VALUES {
                        // When two rules match, the stricter applies.
                        let wanted = if holds(&args[0], given) { Action::Errno(7) } else { Action::Errno(38) };
                        let found = run(&program, AUDIT, number, [9, given, 9, other, 9, 9]);
                        assert_eq!(found, code(wanted), "{op:?} {value:#x} {given:#x} {other:#x}");
                    }
                }
                let rules = vec![Rule { names: vec!["read".into()], action: Action::Allow, args: args.clone() }];
                let program =
                    custom::generate(&CustomProfile { default: Action::Trap, rules, log: false }, &NONE).unwrap();
                for given in VALUES {
                    for other in VALUES {
                        let all = holds(&args[0], given) && holds(&args[1], other);
                        let found = run(&program, AUDIT, number, [9, given, 9, other, 9, 9]);
                        assert_eq!(found, code(if all { Action::Allow } else { Action::Trap }));
                    }
                }
            }
        }
    }
}

#[test]
fn other_abis_kill_whatever_a_profile_says() {
    let program =
        custom::generate(&CustomProfile { default: Action::Allow, rules: Vec::new(), log: false }, &NONE).unwrap();
    assert_eq!(run(&program, 0x4000_0003, 20, [0; 6]), 0x8000_0000);
    assert_eq!(run(&program, AUDIT, 0x4000_0027, [0; 6]), 0x8000_0000);
    assert_eq!(run(&program, AUDIT, 0, [0; 6]), code(Action::Allow));
}

/// With a profile that allows everything, each call that the floor names still gets the default profile's verdict.
#[test]
fn nothing_allowed_moves_the_floor() {
    let all = SeccompProfile::Custom(CustomProfile { default: Action::Allow, rules: Vec::new(), log: false });
    for (deny_setid, unix_sockets_only) in [(false, false), (true, true)] {
        let plan = |profile| Seccomp { profile, deny_setid, unix_sockets_only, whiteouts: false };
        let custom = compile(&plan(all.clone()), &[]).unwrap();
        let default = compile(&plan("default".into()), &[]).unwrap();
        let more = u32::from(deny_setid);
        assert_eq!((all_of(&custom).len(), base_count(&plan(all.clone()))), (3 + usize::from(deny_setid), 2 + more));
        let (custom, default) = (all_of(&custom), all_of(&default));
        let strictest = |filters: &[Program], number: u32, arguments| {
            filters.iter().map(|program| run(program, AUDIT, number, arguments)).min().unwrap()
        };
        let profile = profile::named("default").unwrap();
        let named = plan("default".into());
        let floor = table::floor(NATIVE, &profile, &named, &[]).verdicts;
        assert!(floor.len() > 50, "{}", floor.len());
        for &number in floor.keys() {
            for first in [0, 1, 2, 0x26, 40, 0x1000_0000, u64::MAX, 0x5412, 0o4755] {
                for second in [0, 1, 3, 0x5412, 0o4755, 0o020_644, 0o104_755] {
                    let arguments = [first, second, second, second, 0, 0];
                    let (custom, default) =
                        (strictest(&custom, number, arguments), strictest(&default, number, arguments));
                    assert_eq!(custom, default, "{number} {arguments:x?}");
                }
            }
        }
        let with = all_of(&compile(&plan(all.clone()), &["SYS_CHROOT".into()]).unwrap());
        assert_eq!(strictest(&with, u32::try_from(libc::SYS_chroot).unwrap(), [0; 6]), code(Action::Allow));
    }
}

#[test]
fn the_longest_profile_fits_or_is_refused() {
    let args: Vec<Argument> = (0..6).map(|index| argument(index, Comparison::Less, u64::MAX - 1)).collect();
    let rule = |action| Rule { names: vec!["read".into()], action, args: args.clone() };
    let rules = |count| (0..count).map(|_| rule(Action::Allow)).collect();
    assert!(
        custom::generate(&CustomProfile { default: Action::Errno(1), rules: rules(100), log: false }, &NONE).is_ok()
    );
    let error = custom::generate(&CustomProfile { default: Action::Errno(1), rules: rules(1000), log: false }, &NONE)
        .unwrap_err();
    assert_eq!((error.code, error.detail.as_deref()), (Code::SeccompFailed, Some("length")));
}

/// With a profile that allows only program start, init still does its work, and the workload, under all filters,
/// cannot.
#[test]
fn init_keeps_what_it_serves_with_and_the_workload_does_not_get_it() {
    let names = vec!["execve".to_owned(), "exit_group".to_owned(), "sendto".to_owned()];
    let rules = vec![Rule { names, action: Action::Allow, args: Vec::new() }];
    let narrow = SeccompProfile::Custom(CustomProfile { default: Action::KillProcess, rules, log: false });
    for profile in [narrow, "strict".into()] {
        let refused = if matches!(profile, SeccompProfile::Named(_)) { 0x0005_0001 } else { code(Action::KillProcess) };
        let plan = Seccomp { profile, deny_setid: true, unix_sockets_only: false, whiteouts: false };
        let filters = compile(&plan, &[]).unwrap();
        assert_eq!((filters.base.len(), filters.count()), (2, 4));
        let strictest = |programs: &[Program], number: libc::c_long, arguments: [u64; 6]| {
            let number = u32::try_from(number).unwrap();
            programs.iter().map(|program| run(program, AUDIT, number, arguments)).min_by_key(|action| rank(*action))
        };
        let (init, workload) = (base_of(&filters), all_of(&filters));
        let (unix, internet, stream) = (1, 2, 1 | 0x80000);
        for (number, arguments) in [
            (libc::SYS_socket, [internet, stream, 0, 0, 0, 0]),
            (libc::SYS_socket, [unix, stream, 0, 0, 0, 0]),
            (libc::SYS_bind, [0; 6]),
            (libc::SYS_listen, [0; 6]),
            (libc::SYS_accept4, [0; 6]),
            (libc::SYS_setsockopt, [0; 6]),
            (libc::SYS_seccomp, [1, 0, 0, 0, 0, 0]),
        ] {
            assert_eq!(strictest(&init, number, arguments), Some(code(Action::Allow)), "{number}");
            assert_eq!(strictest(&workload, number, arguments), Some(refused), "{number}");
        }
        assert_eq!(strictest(&workload, libc::SYS_execve, [0; 6]), Some(code(Action::Allow)));
        // Raw sockets, other families, namespaces, unknown seccomp commands: still refused.
        for (number, arguments) in [
            (libc::SYS_socket, [internet, 3, 0, 0, 0, 0]),
            (libc::SYS_socket, [16, 1, 0, 0, 0, 0]),
            (libc::SYS_socket, [unix, 2, 0, 0, 0, 0]),
            (libc::SYS_clone, [0x1000_0000, 0, 0, 0, 0, 0]),
            (libc::SYS_seccomp, [1, 8, 0, 0, 0, 0]),
            (libc::SYS_fchmod, [0, 0o4755, 0, 0, 0, 0]),
            (libc::SYS_mount, [0; 6]),
        ] {
            assert_ne!(strictest(&init, number, arguments), Some(code(Action::Allow)), "{number} {arguments:x?}");
        }
    }
}

/// The kernel's order: kill, trap, errno, log, allow; by the upper half, as a signed number.
fn rank(action: u32) -> i32 {
    i32::from_ne_bytes((action & 0xffff_0000).to_ne_bytes())
}

#[test]
fn only_one_capability_lifts_something_of_the_floor() {
    let default = profile::named("default").unwrap();
    assert_eq!(default.capabilities.keys().collect::<Vec<_>>(), [profile::CHROOT]);
}

#[test]
fn no_program_that_makes_a_wall_loads_modules() {
    let filter = floor(NATIVE, Floor::Program).unwrap();
    let verdict = |number: libc::c_long| run(&filter, AUDIT, u32::try_from(number).unwrap(), [0; 6]);
    for number in [libc::SYS_init_module, libc::SYS_kexec_load, libc::SYS_bpf, libc::SYS_swapon, libc::SYS_keyctl] {
        assert_eq!(verdict(number), 0x0005_0001, "{number}");
    }
    for number in [libc::SYS_read, libc::SYS_mount, libc::SYS_unshare, libc::SYS_clone3] {
        assert_eq!(verdict(number), code(Action::Allow), "{number}");
    }
}
