//! The possible answers of a seccomp filter to a call, for any arguments: follows the classic BPF program with the
//! number known and the arguments unknown.

use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W,
    sock_filter,
};
use std::collections::HashSet;

/// Where `struct seccomp_data` has the number and the architecture.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

pub const NATIVE: u32 = bulkhead_calls::Architecture::NATIVE.audit();

/// A filter's treatment of a call: it depends on the arguments if both are set.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// Some arguments are allowed (or logged and allowed).
    pub lets: bool,
    /// Some are not.
    pub stops: bool,
}

/// The possible answers of `filter` to call `number`. An unknown instruction counts as allowing: too much, never too
/// little.
pub fn answers(filter: &[sock_filter], number: u32) -> Answers {
    let mut found = Answers::default();
    // Jumps only go forward, so every path ends; seen states keep the number of paths small.
    let mut seen: HashSet<(usize, Option<u32>)> = HashSet::new();
    let mut open = vec![(0_usize, None::<u32>)];
    while let Some((at, value)) = open.pop() {
        if !seen.insert((at, value)) {
            continue;
        }
        let Some(instruction) = filter.get(at) else { continue };
        match step(*instruction, at, value, number) {
            Step::On(next, value) => open.push((next, value)),
            Step::Either(one, other, value) => open.extend([(one, value), (other, value)]),
            Step::Answer(action) => {
                let through = matches!(action & 0xffff_0000, libc::SECCOMP_RET_ALLOW | libc::SECCOMP_RET_LOG);
                found.lets |= through;
                found.stops |= !through;
            }
            Step::Unknown => found.lets = true,
        }
    }
    found
}

enum Step {
    On(usize, Option<u32>),
    Either(usize, usize, Option<u32>),
    Answer(u32),
    Unknown,
}

fn step(instruction: sock_filter, at: usize, value: Option<u32>, number: u32) -> Step {
    const LOAD: u32 = BPF_LD | BPF_W | BPF_ABS;
    const AND: u32 = BPF_ALU | BPF_AND | BPF_K;
    const RETURN: u32 = BPF_RET | BPF_K;
    const ALWAYS: u32 = BPF_JMP | BPF_JA;
    let sock_filter { code, jt, jf, k } = instruction;
    let next = at + 1;
    match u32::from(code) {
        LOAD => Step::On(
            next,
            match k {
                NUMBER => Some(number),
                ARCHITECTURE => Some(NATIVE),
                _ => None,
            },
        ),
        AND => Step::On(next, value.map(|known| known & k)),
        RETURN => Step::Answer(k),
        ALWAYS => Step::On(next + k as usize, value),
        jump if jump & 0x07 == BPF_JMP && jump & 0x08 == BPF_K => {
            let (then, otherwise) = (next + usize::from(jt), next + usize::from(jf));
            let Some(known) = value else { return Step::Either(then, otherwise, value) };
            let holds = match jump & 0xf0 {
                BPF_JEQ => known == k,
                BPF_JGT => known > k,
                BPF_JGE => known >= k,
                BPF_JSET => known & k != 0,
                _ => return Step::Unknown,
            };
            Step::On(if holds { then } else { otherwise }, value)
        }
        // Scratch memory, the index register and other arithmetic: the accumulator's value is unknown from here, and
        // nothing else matters.
        other
            if matches!(
                other & 0x07,
                BPF_LD | libc::BPF_LDX | libc::BPF_ST | libc::BPF_STX | BPF_ALU | libc::BPF_MISC
            ) =>
        {
            let keeps = matches!(other & 0x07, libc::BPF_LDX | libc::BPF_ST | libc::BPF_STX);
            Step::On(next, if keeps { value } else { None })
        }
        _ => Step::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
        sock_filter { code: u16::try_from(code).unwrap(), jt, jf, k }
    }

    const LOAD: u32 = BPF_LD | BPF_W | BPF_ABS;
    const EQUAL: u32 = BPF_JMP | BPF_JEQ | BPF_K;
    const RETURN: u32 = BPF_RET | BPF_K;

    #[test]
    fn always_sometimes_never() {
        // 1: allowed; 2: when its first argument is 7; all others: EPERM.
        let filter = [
            op(LOAD, 0, 0, 4),
            op(EQUAL, 1, 0, NATIVE),
            op(RETURN, 0, 0, libc::SECCOMP_RET_KILL_PROCESS),
            op(LOAD, 0, 0, 0),
            op(EQUAL, 3, 0, 1),
            op(EQUAL, 0, 3, 2),
            op(LOAD, 0, 0, 16),
            op(EQUAL, 0, 1, 7),
            op(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
            op(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | 1),
        ];
        assert_eq!(answers(&filter, 1), Answers { lets: true, stops: false });
        assert_eq!(answers(&filter, 2), Answers { lets: true, stops: true });
        assert_eq!(answers(&filter, 3), Answers { lets: false, stops: true });
    }

    #[test]
    fn a_call_that_depends_on_arithmetic_counts_as_let_through() {
        let filter = [
            op(LOAD, 0, 0, 0),
            op(BPF_ALU | libc::BPF_ADD | BPF_K, 0, 0, 1),
            op(EQUAL, 0, 1, 5),
            op(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
            op(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | 1),
        ];
        assert_eq!(answers(&filter, 9), Answers { lets: true, stops: true });
    }
}
