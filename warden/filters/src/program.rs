//! A classic BPF program from a table of verdicts.

use super::table::{Table, Verdict};
use bulkhead_calls::Architecture;
use bulkhead_plan::profile::{Condition, Refusal};
use bulkhead_plan::{Code, Error};
use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter,
};
use std::collections::BTreeMap;

pub type Program = Vec<sock_filter>;

/// Offsets in `struct seccomp_data`. Both architectures here are little-endian: the lower half of an argument comes
/// first.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

/// x32 calls share the architecture of x86-64 and set this bit in their number. No native syscall has a number this
/// large.
const FOREIGN: u32 = 0x4000_0000;

/// One filter for the whole table; `otherwise` applies to numbers outside it.
///
/// # Errors
/// `SECCOMP_FAILED` when it would be longer than the kernel accepts, or than a jump reaches.
pub fn generate(table: &Table, otherwise: &Verdict) -> Result<Program, Error> {
    generate_beside(&Table::new(table.architecture), table, otherwise)
}

/// As [`generate`], but what `always` allows is allowed whatever `table` says.
///
/// # Errors
/// As [`generate`].
pub fn generate_beside(always: &Table, table: &Table, otherwise: &Verdict) -> Result<Program, Error> {
    let mut codes = BTreeMap::new();
    for (&number, verdict) in &table.verdicts {
        codes.insert(number, decide(verdict)?);
    }
    let otherwise = decide(otherwise)?;
    add(always, &mut codes, &otherwise)?;
    assemble(table.architecture, codes.into_iter(), &otherwise)
}

/// Puts the rules of `always` before the code of each number. `otherwise`: the code of numbers without any.
///
/// # Errors
/// As [`generate`].
pub fn add(always: &Table, codes: &mut BTreeMap<u32, Program>, otherwise: &Program) -> Result<(), Error> {
    for (&number, verdict) in &always.verdicts {
        let code = match verdict {
            Verdict::Allow => vec![ret(libc::SECCOMP_RET_ALLOW)],
            Verdict::When(allow) => {
                let mut program = Program::new();
                for conditions in &allow.when {
                    program.extend(alternative(conditions, ret(libc::SECCOMP_RET_ALLOW))?);
                }
                program.extend(codes.get(&number).unwrap_or(otherwise).iter().copied());
                program
            }
            Verdict::Deny | Verdict::Absent => continue,
        };
        codes.insert(number, code);
    }
    Ok(())
}

/// One filter from the code of each number, in ascending order, and the code for all other numbers. Each code ends in a
/// return.
///
/// # Errors
/// As [`generate`].
pub fn assemble(
    architecture: Architecture,
    codes: impl Iterator<Item = (u32, Program)>,
    otherwise: &Program,
) -> Result<Program, Error> {
    let mut program = vec![
        load(ARCHITECTURE),
        // Another ABI (int 0x80 on x86-64) numbers its syscalls differently, so the rules below would not apply to it.
        jump(BPF_JEQ, architecture.audit(), 1, 0),
        ret(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
        jump(BPF_JGE, FOREIGN, 0, 1),
        ret(libc::SECCOMP_RET_KILL_PROCESS),
    ];
    program.extend(search(&intervals(codes, otherwise))?);
    // BPF_MAXINSNS of `linux/bpf_common.h`.
    if program.len() > 4096 {
        return Err(too_long());
    }
    Ok(program)
}

/// This code decides from this number up to the start of the next interval.
struct Interval {
    start: u32,
    code: Program,
}

/// Adjacent numbers with the same unconditional verdict share one interval.
fn intervals(codes: impl Iterator<Item = (u32, Program)>, otherwise: &Program) -> Vec<Interval> {
    let mut intervals = Vec::new();
    let mut push = |start: u32, code: Program| {
        let joins = intervals.last().is_some_and(|last: &Interval| code.len() == 1 && same(&last.code, &code));
        if !joins {
            intervals.push(Interval { start, code });
        }
    };
    let mut next = 0;
    for (number, code) in codes {
        if number > next {
            push(next, otherwise.clone());
        }
        push(number, code);
        next = number + 1;
    }
    push(next, otherwise.clone());
    intervals
}

fn same(one: &Program, other: &Program) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.code == b.code && a.k == b.k)
}

/// Binary search over the intervals.
fn search(intervals: &[Interval]) -> Result<Program, Error> {
    match intervals {
        [] => Ok(vec![refuse(libc::ENOSYS)]),
        [interval] => Ok(interval.code.clone()),
        _ => {
            let (lower, upper) = intervals.split_at(intervals.len() / 2);
            let middle = upper.first().map_or(0, |interval| interval.start);
            let (lower, upper) = (search(lower)?, search(upper)?);
            // A conditional jump reaches 255 instructions, an unconditional one any number.
            let distance = u32::try_from(lower.len()).map_err(|_| too_long())?;
            let mut program = match u8::try_from(distance) {
                Ok(distance) => vec![jump(BPF_JGE, middle, distance, 0)],
                Err(_) => vec![jump(BPF_JGE, middle, 0, 1), statement(BPF_JMP | BPF_JA, distance)],
            };
            program.extend(lower);
            program.extend(upper);
            Ok(program)
        }
    }
}

/// Always ends in a return. The accumulator first holds the number, and may be overwritten.
fn decide(verdict: &Verdict) -> Result<Program, Error> {
    Ok(match verdict {
        Verdict::Allow => vec![ret(libc::SECCOMP_RET_ALLOW)],
        Verdict::Deny => vec![refuse(libc::EPERM)],
        Verdict::Absent => vec![refuse(libc::ENOSYS)],
        Verdict::When(allow) => {
            let mut program = Program::new();
            for conditions in &allow.when {
                program.extend(alternative(conditions, ret(libc::SECCOMP_RET_ALLOW))?);
            }
            for refused in &allow.refuse {
                for conditions in &refused.when {
                    program.extend(alternative(conditions, refuse(errno_of(refused.errno)))?);
                }
            }
            program.push(refuse(errno_of(allow.otherwise)));
            program
        }
    })
}

fn errno_of(refusal: Refusal) -> libc::c_int {
    match refusal {
        Refusal::Permission => libc::EPERM,
        Refusal::AddressFamily => libc::EAFNOSUPPORT,
        Refusal::Invalid => libc::EINVAL,
        Refusal::Protocol => libc::EPROTONOSUPPORT,
        Refusal::SocketType => libc::ESOCKTNOSUPPORT,
    }
}

/// Ends in `end` when all conditions hold; otherwise falls through to the next alternative or the refusal. Generated
/// from the end backwards, since each condition needs the length of the code behind it.
fn alternative(conditions: &[Condition], end: sock_filter) -> Result<Program, Error> {
    let mut rest = vec![end];
    for condition in conditions.iter().rev() {
        let mut program = vec![load(ARGUMENTS + 8 * u32::from(condition.arg))];
        if condition.mask.0 != u32::MAX {
            program.push(statement(BPF_ALU | BPF_AND | BPF_K, condition.mask.0));
        }
        let refused: Vec<u32> = condition.not_in.values().map(|word| word.0).collect();
        let wanted: Vec<u32> = condition.among.values().map(|word| word.0).collect();
        for (index, &value) in refused.iter().enumerate() {
            let after = refused.len() - index - 1 + wanted.len();
            program.push(jump(BPF_JEQ, value, reach(after + rest.len())?, 0));
        }
        for (index, &value) in wanted.iter().enumerate() {
            let after = wanted.len() - index - 1;
            let missed = if after == 0 { reach(rest.len())? } else { 0 };
            program.push(jump(BPF_JEQ, value, reach(after)?, missed));
        }
        program.extend(rest);
        rest = program;
    }
    Ok(rest)
}

pub fn reach(distance: usize) -> Result<u8, Error> {
    u8::try_from(distance).map_err(|_| too_long())
}

fn too_long() -> Error {
    Error::new(Code::SeccompFailed, "compile").detail("length")
}

fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

pub fn ret(action: u32) -> sock_filter {
    statement(BPF_RET | BPF_K, action)
}

/// The call fails with this errno and does nothing.
#[allow(clippy::cast_sign_loss, reason = "errno constants are positive")]
fn refuse(errno: libc::c_int) -> sock_filter {
    refuse_with(errno as u32)
}

pub fn refuse_with(errno: u32) -> sock_filter {
    ret(libc::SECCOMP_RET_ERRNO | errno)
}

/// Loads one half of an argument into the accumulator.
pub fn load_argument(index: u8, upper: bool) -> sock_filter {
    load(ARGUMENTS + 8 * u32::from(index) + if upper { 4 } else { 0 })
}

pub fn mask_with(mask: u32) -> sock_filter {
    statement(BPF_ALU | BPF_AND | BPF_K, mask)
}

/// A comparison of the accumulator; unsigned, as all of BPF.
#[derive(Debug, Clone, Copy)]
pub enum Wide {
    Equal,
    Greater,
    GreaterOrEqual,
}

pub fn jump_to(test: Wide, value: u32, yes: u8, no: u8) -> sock_filter {
    let test = match test {
        Wide::Equal => BPF_JEQ,
        Wide::Greater => BPF_JGT,
        Wide::GreaterOrEqual => BPF_JGE,
    };
    jump(test, value, yes, no)
}

/// Compares a 64-bit argument with a value: the upper halves decide unless they are equal. `yes` and `no` count from
/// the end of this code.
pub fn compare_and_jump(index: u8, test: Wide, (high, low): (u32, u32), yes: u8, no: u8) -> Result<Program, Error> {
    let over = |distance: u8, more: usize| reach(usize::from(distance) + more);
    Ok(vec![
        load_argument(index, true),
        jump_to(Wide::Greater, high, over(yes, 3)?, 0),
        jump_to(Wide::Equal, high, 0, over(no, 2)?),
        load_argument(index, false),
        jump_to(test, low, yes, no),
    ])
}

fn statement(code: u32, k: u32) -> sock_filter {
    instruction(code, 0, 0, k)
}

/// `yes` and `no` count the instructions to skip.
fn jump(test: u32, k: u32, yes: u8, no: u8) -> sock_filter {
    instruction(BPF_JMP | test | BPF_K, yes, no, k)
}

#[allow(clippy::cast_possible_truncation, reason = "BPF codes have 16 bits; libc types them wider")]
fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}
