//! Every rule of the default profile has a witness: a few lines that need the rule. They work under the filter, and no
//! longer once the rule is removed. Calls outside the profile fail with the documented errno.

#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod call;
mod files;
mod memory;
mod processes;
mod sockets;
#[path = "../support/mod.rs"]
mod support;
mod time;
mod trees;

use bulkhead_calls::Sysno;
use bulkhead_confine::process;
use bulkhead_confine::seccomp;
use bulkhead_order::Filters;
use bulkhead_plan::custom::{Action, Argument, Comparison, CustomProfile, Rule, Word64};
use bulkhead_plan::model::{Seccomp, SeccompProfile};
use bulkhead_plan::profile::{self, Condition};
use call::Witness;
use std::collections::BTreeSet;
use std::path::PathBuf;
use support::{End, filters, in_child};

/// Features that this kernel or processor may lack: a witness that fails without any filter proves nothing.
const MAY_LACK: [&str; 10] = [
    "fchmodat2",
    "map_shadow_stack",
    "mseal",
    "landlock_create_ruleset",
    "landlock_add_rule",
    "landlock_restrict_self",
    "socket AF_INET6",
    "socket IPPROTO_ICMPV6",
    "socket IPPROTO_ICMP",
    "setgroups",
];
/// Since 6.14 the kernel consults no filter about these, and answers only where a probe was placed.
const UNFILTERED: [&str; 2] = ["uprobe", "uretprobe"];

fn all() -> Vec<Witness> {
    [memory::WITNESSES, files::WITNESSES, trees::WITNESSES, processes::WITNESSES, time::WITNESSES, sockets::WITNESSES]
        .concat()
}

/// Every rule, and every value that a rule allows, by their names in the profile.
fn rules() -> BTreeSet<String> {
    let mut rules = BTreeSet::new();
    for allow in profile::named("default").unwrap().allow {
        for name in &allow.names {
            let values = allow.when.iter().flatten().flat_map(|condition| condition.among.keys());
            let by_value: Vec<String> = values.map(|value| format!("{name} {value}")).collect();
            if by_value.is_empty() {
                rules.insert(name.clone());
            }
            rules.extend(by_value);
        }
    }
    rules
}

#[test]
fn each_rule_has_a_witness_and_each_witness_a_rule() {
    let witnessed: BTreeSet<String> = all().iter().map(|witness| witness.rule.to_owned()).collect();
    assert_eq!(witnessed.difference(&rules()).collect::<Vec<_>>(), Vec::<&String>::new(), "no such rule");
    assert_eq!(rules().difference(&witnessed).collect::<Vec<_>>(), Vec::<&String>::new(), "needed by nothing");
}

#[test]
fn each_rule_is_needed() {
    let scratch = Scratch::new();
    let default = filters(false, false, &[]);
    let mut lacking = Vec::new();
    for witness in all() {
        if end(&scratch, &[], &witness) != End::Exit(0) {
            assert!(
                MAY_LACK.contains(&witness.rule),
                "{}: without any filter: {:?}",
                witness.rule,
                end(&scratch, &[], &witness)
            );
            lacking.push(witness.rule);
            continue;
        }
        assert_eq!(end(&scratch, &[&default], &witness), End::Exit(0), "{} with its rule", witness.rule);
        let without = without(&witness);
        assert_ne!(end(&scratch, &[&default, &without], &witness), End::Exit(0), "{} without its rule", witness.rule);
    }
    if !lacking.is_empty() {
        eprintln!("skipped, as this kernel or this user lacks them: {}", lacking.join(", "));
    }
}

#[test]
fn what_is_left_out_fails_as_documented() {
    let profile = profile::named("default").unwrap();
    let default = filters(false, false, &[]);
    let names = |lists: &[profile::Names]| lists.iter().flat_map(|list| list.names.clone()).collect::<BTreeSet<_>>();
    let (denied, absent) = (names(&profile.deny), names(&profile.absent));
    let allowed: BTreeSet<String> = profile.allow.iter().flat_map(|allow| allow.names.clone()).collect();
    let mut tried = 0;
    for call in bulkhead_calls::native() {
        let name = bulkhead_calls::name(call);
        if allowed.contains(name) || UNFILTERED.contains(&name) {
            continue;
        }
        let errno = if denied.contains(name) { libc::EPERM } else { libc::ENOSYS };
        let number = libc::c_long::from(call.id());
        assert_eq!(refused(&default, number, [WILD; 6]), End::Exit(errno), "{name}");
        tried += 1;
    }
    assert!(tried >= denied.len() + absent.len() - UNFILTERED.len(), "{tried}");
    // And what a rule excludes from a call that it allows.
    for allow in &profile.allow {
        for (name, condition) in allow.names.iter().flat_map(|name| allow.when.iter().flatten().map(move |c| (name, c)))
        {
            let number = libc::c_long::from(name.parse::<Sysno>().unwrap().id());
            for (what, value) in &condition.not_in {
                let mut arguments = [WILD; 6];
                arguments[usize::from(condition.arg)] = value.0 as usize;
                assert_eq!(refused(&default, number, arguments), End::Exit(libc::EPERM), "{name} {what}");
            }
        }
    }
}

/// Not a descriptor, address or id: if a call gets through after all, the kernel refuses it.
const WILD: usize = usize::MAX;

fn refused(filters: &Filters, number: libc::c_long, arguments: [usize; 6]) -> End {
    in_child(|| {
        if process::no_new_privs().and_then(|()| seccomp::install(filters)).is_err() {
            return 255;
        }
        let [first, second, third, fourth, fifth, sixth] = arguments;
        // SAFETY: wild arguments, which a kernel refuses.
        let result = unsafe { libc::syscall(number, first, second, third, fourth, fifth, sixth) };
        // SAFETY: errno of this thread.
        if result < 0 { unsafe { *libc::__errno_location() } } else { 0 }
    })
}

/// How a witness ends under filters: 0, the errno it met, or a signal.
fn end(scratch: &Scratch, filters: &[&Filters], witness: &Witness) -> End {
    let directory = scratch.fresh();
    in_child(|| {
        let set_up = std::env::set_current_dir(&directory).is_ok()
            && process::no_new_privs().is_ok()
            && filters.iter().all(|one| seccomp::install(one).is_ok());
        if !set_up {
            return 254;
        }
        // What waits for something that never comes is a failure, not a test that hangs.
        // SAFETY: sets a timer of this child.
        unsafe { libc::alarm(20) };
        let result = (witness.run)();
        if result >= 0 { 0 } else { i32::try_from(-result).unwrap_or(253) }
    })
}

/// The filter without the rule that `witness` is for.
fn without(witness: &Witness) -> Filters {
    let (name, _) = witness.rule.split_once(' ').unwrap_or((witness.rule, ""));
    let conditions: Vec<Condition> = profile::named("default")
        .unwrap()
        .allow
        .into_iter()
        .find(|allow| allow.names.iter().any(|one| one == name))
        .map(|allow| allow.when.into_iter().flatten().filter(|one| !one.among.is_empty()).collect())
        .unwrap_or_default();
    let masked = |index: u8, mask: u32, value: u32| Argument {
        index,
        op: Comparison::MaskedEqual,
        value: Word64(mask.into()),
        value_two: Word64((value & mask).into()),
    };
    // The arguments that the witness has where the rule looks at them.
    let args = witness.given.iter().map(|&(index, value)| {
        let mask = conditions.iter().find(|one| one.arg == index).map_or(u32::MAX, |one| one.mask.0);
        masked(index, mask, value)
    });
    let rule = Rule { names: vec![name.to_owned()], action: Action::Errno(38), args: args.collect() };
    let custom = CustomProfile { default: Action::Allow, rules: vec![rule], log: false };
    let plan = Seccomp {
        profile: SeccompProfile::Custom(custom),
        deny_setid: false,
        unix_sockets_only: false,
        whiteouts: false,
    };
    bulkhead_filters::compile(&plan, &[]).unwrap()
}

/// A directory for each attempt, all removed at the end.
struct Scratch(PathBuf, std::cell::Cell<u32>);

impl Scratch {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("bulkhead-witness-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path, std::cell::Cell::new(0))
    }

    fn fresh(&self) -> PathBuf {
        self.1.set(self.1.get() + 1);
        let path = self.0.join(self.1.get().to_string());
        std::fs::create_dir(&path).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
