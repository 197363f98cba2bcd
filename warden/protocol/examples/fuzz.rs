//! `cargo run -p bulkhead-protocol --example fuzz -- SECONDS [SEED]`: hostile bytes for the protocol between keeper and
//! fronts. Mutates one message of each kind. Asserts that nothing panics, and that a decoded message has no other
//! encoding.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../order/examples/support/mutate.rs"]
mod mutate;
#[path = "../../channel/examples/support/random.rs"]
mod random;

use bulkhead_error::{Code, Error};
use bulkhead_order::wire::{Bytes, decode, encode};
use bulkhead_order::{Level, Namespace};
use bulkhead_protocol::{
    Answer, Ask, Capabilities, Cause, Counters, End, Ended, Evidence, InForce, Launch, Launched, Listed, Live, Mounts,
    OneNamespace, Process, Refused, Reply, Request, State, Stats, ToFront, ToKeeper,
};
use std::time::Instant;

fn id() -> String {
    "sandbox-1".to_owned()
}

fn error() -> Error {
    Error::new(Code::LaunchFailed, "set up").path("/a/path").detail("a detail").errno(2)
}

fn stats() -> Stats {
    let counters = Counters { memory_bytes: Some(1), cpu_us: Some(u64::MAX), ..Counters::default() };
    Stats { counters, disk_full: Some(false) }
}

fn process() -> Process {
    let set = || "00000000000000c0".to_owned();
    Process {
        pid: 7,
        uid: vec![1; 4],
        gid: vec![2; 4],
        capabilities: Capabilities { permitted: set(), effective: set(), bounding: set(), ambient: set() },
        no_new_privs: true,
        seccomp: 2,
        seccomp_filters: 3,
        namespaces: vec![OneNamespace { namespace: Namespace::Net, own: true }],
        lsm: Some("unconfined".to_owned()),
    }
}

fn evidence() -> Evidence {
    Evidence {
        init: process(),
        processes: Some(vec![process(), process()]),
        cgroup: InForce { version: 2, memory_max: Some(3), pids_max: None, cpu_max: Some(1000) },
        mounts: Mounts { root_read_only: true, roots: 1, count: 20 },
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let live =
        Live { id: id(), level: Level::Container, state: State::Paused, uid: 1, pid: 2, caller_pid: 3, age_ms: 4 };
    let to_keeper = [
        ToKeeper::Launch(Launch { caller_pid: 1, order: Bytes(vec![0; 100]) }),
        ToKeeper::Ask(Ask { seq: 1, id: id(), request: Request::Pause }),
        ToKeeper::List(1),
        ToKeeper::End(End { seq: 1, id: id(), pid: 2 }),
        ToKeeper::Refuse(Refused { id: id(), error: error() }),
        ToKeeper::Stranger(1),
        ToKeeper::Idle(1),
    ];
    let reply = |answer| ToFront::Reply(Reply { seq: 1, answer });
    let to_front = [
        ToFront::Connection(()),
        ToFront::Launched(Box::new(Launched {
            id: id(),
            pid: 1,
            base: Some(0x7000_0000),
            evidence: evidence(),
            marks: vec![1, u64::MAX],
        })),
        ToFront::Refused(Refused { id: id(), error: error() }),
        ToFront::Ended(Box::new(Ended {
            id: id(),
            cause: Cause::Failed,
            stats: stats(),
            error: Some(error()),
            marks: Vec::new(),
        })),
        reply(Answer::Done(())),
        reply(Answer::Stats(stats())),
        reply(Answer::Evidence(Box::new(evidence()))),
        reply(Answer::Failed(error())),
        ToFront::Listed(Listed { seq: 1, sandboxes: vec![live.clone(), live], more: 1 }),
    ];
    to_keeper.iter().map(encode).chain(to_front.iter().map(encode)).collect()
}

fn main() {
    let (end, mut random) = random::begin();
    let corpus = corpus();
    let (mut rounds, mut decoded) = (0_u64, 0_u64);
    while Instant::now() < end {
        let mut input = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(3) {
            mutate::mutate(&mut input, &mut random);
        }
        if let Ok(message) = decode::<ToKeeper>(&input) {
            assert_eq!(encode(&message), input, "another encoding");
            decoded += 1;
        }
        if let Ok(message) = decode::<ToFront>(&input) {
            assert_eq!(encode(&message), input, "another encoding");
            decoded += 1;
        }
        rounds += 1;
    }
    println!("{rounds} inputs, {decoded} of them messages; nothing broke");
}
