//! The broker's answer for each protection, which the library prints: the findings of the one judge, and those that
//! need the plan or the processes inside.
//!
//! A front runs as its caller. It could lie only to that caller; the keeper has already killed any sandbox that differs
//! from its order.

use bulkhead_order::{Order, Program};
use bulkhead_plan::Plan;
use bulkhead_protocol::{Evidence, Process, filters_of, judge, judge_labels};
use serde::Serialize;

/// Every protection that leaves a trace outside, in the order of an enforcement table. A table may call one of them
/// enforced only by this answer.
pub const TRACED: [&str; 19] = [
    "uid-range",
    "capabilities",
    "no-new-privs",
    "seccomp",
    "landlock",
    "apparmor",
    "selinux",
    "namespace.user",
    "namespace.mount",
    "namespace.pid",
    "namespace.ipc",
    "namespace.net",
    "namespace.uts",
    "namespace.cgroup",
    "read-only-root",
    "network",
    "cgroup.memory",
    "cgroup.pids",
    "cgroup.cpu",
];

/// A protection that leaves a trace outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Traced(#[cfg_attr(feature = "schema", schemars(extend("enum" = TRACED)))] pub &'static str);

/// Which protections are in force; a protection in neither list is neither in force nor planned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The broker saw them in force.
    pub in_force: Vec<Traced>,
    /// The plan has them, and the broker saw that they are not in force.
    pub contradicted: Vec<Traced>,
}

/// What was in force, as the broker saw it from outside, and its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Evidence"))]
#[serde(rename_all = "camelCase")]
pub struct Judged {
    pub verdict: Verdict,
    #[serde(flatten)]
    pub evidence: Evidence,
    /// Not visible from outside: setup applies it before init runs, and init does not run without it.
    pub landlock: Option<LandlockInForce>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LandlockInForce {
    pub abi: u32,
}

/// The state to compare a sandbox with.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Without the parts that leave no trace.
    order: Order,
    filters: usize,
    /// The first id of the sandbox's range on the host, once the keeper has reported it; `None` without root.
    pub base: Option<u32>,
    /// Seccomp refuses every other socket, which closes the network where there is no namespace for it.
    unix_sockets_only: bool,
    /// The plan grants the workload capabilities.
    grants: bool,
}

impl Expected {
    pub fn of(plan: &Plan, order: Order) -> Self {
        let filters = filters_of(&order);
        Self {
            order: without_details(order),
            filters,
            base: None,
            unix_sockets_only: plan.seccomp.unix_sockets_only,
            grants: !plan.capabilities.is_empty(),
        }
    }

    /// Judges a sandbox whose init runs.
    pub fn judge(&self, evidence: Evidence) -> Judged {
        let ids = self.base.map_or([0; 2], |base| [base + self.order.user.uid, base + self.order.user.gid]);
        let mut findings = judge(&evidence, &self.order, self.filters, ids);
        findings.extend(judge_labels(&evidence, &self.order));
        let landlock = self.order.landlock.as_ref().map(|landlock| LandlockInForce { abi: landlock.abi });
        let mut in_force: Vec<&'static str> = landlock.map(|_| "landlock").into_iter().collect();
        let mut contradicted = Vec::new();
        // Without root the ids are the caller's own, which the keeper has compared, and there is no range.
        findings.retain(|finding| finding.protection != "uid-range" || self.base.is_some());
        for finding in &findings {
            let holds = finding.protection != "capabilities" || self.grants || holds_nothing_inside(&evidence);
            if finding.in_force && holds {
                in_force.push(finding.protection);
            }
            if !finding.as_ordered || !holds {
                contradicted.push(finding.protection);
            }
        }
        let closed = if self.unix_sockets_only { "seccomp" } else { "namespace.net" };
        let network = if in_force.contains(&closed) || in_force.contains(&"namespace.net") {
            &mut in_force
        } else {
            &mut contradicted
        };
        network.push("network");
        let verdict = Verdict { in_force: sorted(&in_force), contradicted: sorted(&contradicted) };
        Judged { verdict, evidence, landlock }
    }
}

/// In the order of the table.
fn sorted(names: &[&'static str]) -> Vec<Traced> {
    TRACED.into_iter().filter(|name| names.contains(name)).map(Traced).collect()
}

/// No process inside holds a capability. An init that switches users holds a few, and so does its child until it has
/// switched and its uid differs.
fn holds_nothing_inside(Evidence { init, processes, .. }: &Evidence) -> bool {
    let holds_nothing = |one: &Process| u64::from_str_radix(&one.capabilities.effective, 16) == Ok(0);
    let is_switching = |one: &Process| !holds_nothing(init) && one.uid.first() == init.uid.first();
    processes.iter().flatten().all(|one| holds_nothing(one) || is_switching(one))
}

/// The front keeps an order for each live sandbox, and filters and mount trees are large.
fn without_details(mut order: Order) -> Order {
    order.sources = Vec::new();
    order.mounts = Vec::new();
    order.filters.base = Vec::new();
    order.filters.workload = None;
    order.program = Program { argv: Vec::new(), env: Vec::new(), ..order.program };
    order
}
