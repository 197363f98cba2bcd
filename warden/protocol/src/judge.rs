//! The one judge of evidence: which protections the facts confirm. The keeper kills sandboxes by it, and the front
//! reports it to its caller.

use crate::seen::Evidence;
use bulkhead_order::{Controller, Limits, Namespace, Order};

/// Each namespace with its file in `/proc/<pid>/ns` and its protection.
pub const NAMESPACES: [(Namespace, &str, &str); 7] = [
    (Namespace::User, "user", "namespace.user"),
    (Namespace::Mount, "mnt", "namespace.mount"),
    (Namespace::Pid, "pid", "namespace.pid"),
    (Namespace::Ipc, "ipc", "namespace.ipc"),
    (Namespace::Net, "net", "namespace.net"),
    (Namespace::Uts, "uts", "namespace.uts"),
    (Namespace::Cgroup, "cgroup", "namespace.cgroup"),
];

/// What the facts say about one protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    pub protection: &'static str,
    /// The protection is there, whether or not the order asks for it.
    pub in_force: bool,
    /// The facts do not contradict the order.
    pub as_ordered: bool,
}

impl Finding {
    /// For a protection that an order may omit.
    fn of(protection: &'static str, ordered: bool, in_force: bool) -> Self {
        Self { protection, in_force, as_ordered: in_force || !ordered }
    }
}

/// Minimum number of filters on init; a program that builds a sandbox runs under all filters.
pub fn filters_of(order: &Order) -> usize {
    if order.program.is_init { 1 + order.filters.base.len() } else { order.filters.count() }
}

/// Adds one for init, which is not the workload's. The kernel accepts no more than its maximum number of processes.
pub fn pids_max(limits: &Limits) -> u64 {
    const PID_MAX_LIMIT: u64 = 4_194_304;
    (limits.pids + 1).min(PID_MAX_LIMIT)
}

/// Compares a sandbox with its order. `filters`: [`filters_of`] the order. `ids`: its uid and gid on the host; this
/// function does not check whether they belong to a range of its own.
pub fn judge(seen: &Evidence, order: &Order, filters: usize, [uid, gid]: [u32; 2]) -> Vec<Finding> {
    let Evidence { init, cgroup, mounts, .. } = seen;
    let ids = init.uid == [uid; 4] && init.gid == [gid; 4];
    let within = |set: &String| u64::from_str_radix(set, 16).is_ok_and(|bits| bits & !order.capabilities == 0);
    let caps = &init.capabilities;
    let sets = [&caps.permitted, &caps.effective, &caps.bounding, &caps.ambient];
    let wants = |one| order.controllers.contains(&one);
    let memory = cgroup.memory_max.is_some_and(|max| max <= order.limits.memory_bytes);
    let cpu = cgroup.cpu_max.is_some_and(|max| max <= order.limits.milli_cpus);
    // With more than one, the host's root is still there, below or above the sandbox's.
    let one_root = mounts.roots == 1;
    let mut findings = vec![
        Finding::of("uid-range", true, ids),
        Finding::of("capabilities", true, sets.into_iter().all(within)),
        Finding::of("no-new-privs", true, init.no_new_privs),
        Finding::of("seccomp", true, init.seccomp == 2 && init.seccomp_filters as usize >= filters),
        Finding::of("read-only-root", order.root.read_only, one_root && mounts.root_read_only),
        Finding::of("cgroup.memory", wants(Controller::Memory), memory),
        Finding::of("cgroup.pids", wants(Controller::Pids), cgroup.pids_max == Some(pids_max(&order.limits))),
        Finding::of("cgroup.cpu", wants(Controller::Cpu), cpu),
    ];
    findings.extend(NAMESPACES.map(|(namespace, _, protection)| {
        let own = init.namespaces.iter().find(|one| one.namespace == namespace).map(|one| one.own);
        let whole = namespace != Namespace::Mount || one_root;
        let (in_force, as_ordered) = (own == Some(true), own == Some(order.has(namespace)));
        Finding { protection, in_force: in_force && whole, as_ordered: as_ordered && whole }
    }));
    findings
}

/// Profile and label take effect only at the exec, after all other checks. They must match exactly: `foo` is not
/// `foobar`, and a profile in complain mode enforces nothing.
pub fn judge_labels(seen: &Evidence, order: &Order) -> [Finding; 2] {
    let is = |label: String| seen.init.lsm.as_ref() == Some(&label);
    let profile = order.apparmor.as_ref().is_some_and(|profile| is(format!("{profile} (enforce)")));
    let label = order.selinux.as_ref().is_some_and(|label| is(label.clone()));
    [Finding::of("apparmor", order.apparmor.is_some(), profile), Finding::of("selinux", order.selinux.is_some(), label)]
}
