//! A custom profile of a policy as a classic BPF program.

use super::program::{
    Program, Wide, add, assemble, compare_and_jump, jump_to, load_argument, mask_with, reach, refuse_with, ret,
};
use super::table::{Numbers, Table};
use bulkhead_plan::Error;
use bulkhead_plan::custom::{Action, Argument, Comparison, CustomProfile, Rule};
use std::collections::BTreeMap;

/// One filter for the custom profile alone; the other rules are in a filter of their own. Calls that `always` allows
/// are allowed whatever the profile says; its architecture is the filter's.
///
/// # Errors
/// `SECCOMP_FAILED` when it would be longer than the kernel accepts.
pub fn generate(profile: &CustomProfile, always: &Table) -> Result<Program, Error> {
    let numbers = Numbers::new(always.architecture);
    let mut rules: BTreeMap<u32, Vec<&Rule>> = BTreeMap::new();
    for rule in &profile.rules {
        for number in rule.names.iter().filter_map(|name| numbers.of(name)) {
            rules.entry(number).or_default().push(rule);
        }
    }
    let mut codes = BTreeMap::new();
    for (number, mut rules) in rules {
        // Where rules overlap, the strictest decides. After a rule without arguments, no more lenient rule is reached.
        rules.sort_by_key(|rule| rule.action);
        codes.insert(number, chain(&rules, profile.default)?);
    }
    let otherwise = vec![end(profile.default)];
    add(always, &mut codes, &otherwise)?;
    assemble(always.architecture, codes.into_iter(), &otherwise)
}

fn chain(rules: &[&Rule], otherwise: Action) -> Result<Program, Error> {
    let mut program = Program::new();
    for rule in rules {
        let mut tested = vec![end(rule.action)];
        for argument in rule.args.iter().rev() {
            let mut test = test(argument, tested.len())?;
            test.extend(tested);
            tested = test;
        }
        program.extend(tested);
        if rule.args.is_empty() {
            return Ok(program);
        }
    }
    program.push(end(otherwise));
    Ok(program)
}

/// Falls through to the next instruction when the comparison holds, else skips `rest` more instructions.
fn test(argument: &Argument, rest: usize) -> Result<Program, Error> {
    let (high, low) = halves(argument.value.0);
    let load = |upper| load_argument(argument.index, upper);
    Ok(match argument.op {
        Comparison::Equal => {
            vec![
                load(true),
                jump_to(Wide::Equal, high, 0, reach(2 + rest)?),
                load(false),
                jump_to(Wide::Equal, low, 0, reach(rest)?),
            ]
        }
        Comparison::NotEqual => {
            vec![load(true), jump_to(Wide::Equal, high, 0, 2), load(false), jump_to(Wide::Equal, low, reach(rest)?, 0)]
        }
        Comparison::MaskedEqual => {
            let (wanted_high, wanted_low) = halves(argument.value_two.0);
            vec![
                load(true),
                mask_with(high),
                jump_to(Wide::Equal, wanted_high, 0, reach(3 + rest)?),
                load(false),
                mask_with(low),
                jump_to(Wide::Equal, wanted_low, 0, reach(rest)?),
            ]
        }
        Comparison::Greater => compare_and_jump(argument.index, Wide::Greater, (high, low), 0, reach(rest)?)?,
        Comparison::GreaterOrEqual => {
            compare_and_jump(argument.index, Wide::GreaterOrEqual, (high, low), 0, reach(rest)?)?
        }
        Comparison::LessOrEqual => compare_and_jump(argument.index, Wide::Greater, (high, low), reach(rest)?, 0)?,
        Comparison::Less => compare_and_jump(argument.index, Wide::GreaterOrEqual, (high, low), reach(rest)?, 0)?,
    })
}

#[allow(clippy::cast_possible_truncation, reason = "the halves of 64 bits")]
fn halves(value: u64) -> (u32, u32) {
    ((value >> 32) as u32, value as u32)
}

fn end(action: Action) -> libc::sock_filter {
    match action {
        Action::KillProcess => ret(libc::SECCOMP_RET_KILL_PROCESS),
        Action::KillThread => ret(libc::SECCOMP_RET_KILL_THREAD),
        Action::Trap => ret(libc::SECCOMP_RET_TRAP),
        Action::Errno(errno) => refuse_with(u32::from(errno)),
        Action::Log => ret(libc::SECCOMP_RET_LOG),
        Action::Allow => ret(libc::SECCOMP_RET_ALLOW),
    }
}
