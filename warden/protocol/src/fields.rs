//! The fields of each message on the wire, in this order.

use crate::messages::{
    Answer, Ask, End, Ended, Launch, Launched, Listed, Live, Refused, Reply, Request, State, ToFront, ToKeeper,
};
use crate::seen::{Capabilities, Cause, Counters, Evidence, InForce, Mounts, OneNamespace, Process, Stats};
use bulkhead_order::{choices, fields, tags};

choices! {
    ToKeeper { 0 => Launch, 1 => Ask, 2 => List, 3 => End, 4 => Refuse, 5 => Stranger, 6 => Idle }
    ToFront { 0 => Connection, 1 => Launched, 2 => Refused, 3 => Ended, 4 => Reply, 5 => Listed }
    Answer { 0 => Done, 1 => Stats, 2 => Evidence, 3 => Failed }
}

tags! {
    Request { 0 => Stats, 1 => Evidence, 2 => Pause, 3 => Resume, 4 => Kill }
    State { 0 => Launching, 1 => Running, 2 => Paused, 3 => Ending }
    Cause { 0 => Exited, 1 => Killed, 2 => Failed }
}

fields! {
    Launch { caller_pid, order }
    Ask { seq, id, request }
    End { seq, id, pid }
    Refused { id, error }
    Launched { id, pid, base, evidence, marks }
    Ended { id, cause, stats, error, marks }
    Reply { seq, answer }
    Listed { seq, sandboxes, more }
    Live { id, level, state, uid, pid, caller_pid, age_ms }
    Evidence { init, processes, cgroup, mounts }
    Mounts { root_read_only, roots, count }
    Process { pid, uid, gid, capabilities, no_new_privs, seccomp, seccomp_filters, namespaces, lsm }
    OneNamespace { namespace, own }
    Capabilities { permitted, effective, bounding, ambient }
    Stats { counters, disk_full }
    Counters { memory_bytes, memory_peak_bytes, cpu_us, pids, oom_kills, pids_exceeded }
    InForce { version, memory_max, pids_max, cpu_max }
}
