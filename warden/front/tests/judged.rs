//! The broker's verdict on each protection: plans that were compiled, and facts that agree with them but for one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bulkhead_front::{Expected, FilterCache, TRACED, Traced, Verdict, compile};
use bulkhead_order::{Controller, Namespace, Order};
use bulkhead_plan::Plan;
use bulkhead_protocol::{
    Capabilities, Evidence, InForce, Mounts, NAMESPACES, OneNamespace, Process, filters_of, judge, judge_labels,
    pids_max,
};

const BASE: u32 = 0x7000_0000;
const HOLDS_ALL: &str = "000001ffffffffff";
const HOLDS_NOTHING: &str = "0000000000000000";

type Change = fn(&mut Evidence);

/// One sandbox: its plan, its order, and facts that agree with it.
struct Case {
    plan: Plan,
    order: Order,
    base: Option<u32>,
    seen: Evidence,
}

fn case(fixture: &str, change: impl FnOnce(&mut serde_json::Value)) -> Case {
    case_of(fixture, true, change)
}

fn case_of(fixture: &str, privileged: bool, change: impl FnOnce(&mut serde_json::Value)) -> Case {
    let path = format!("{}/../plan/fixtures/accepted/{fixture}.json", env!("CARGO_MANIFEST_DIR"));
    let mut document = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    change(&mut document);
    let plan = Plan::parse(document.to_string().as_bytes()).unwrap();
    let filters = FilterCache::default().prepare(&plan.seccomp, &plan.capabilities).unwrap();
    let order = compile(&plan, &filters, privileged).unwrap();
    let base = privileged.then_some(BASE);
    let seen = agreeing(&order, base);
    Case { plan, order, base, seen }
}

fn agreeing(order: &Order, base: Option<u32>) -> Evidence {
    let wants = |one| order.controllers.contains(&one);
    Evidence {
        init: process(order, base),
        processes: None,
        cgroup: InForce {
            version: order.cgroup_version,
            memory_max: wants(Controller::Memory).then_some(order.limits.memory_bytes),
            pids_max: wants(Controller::Pids).then(|| pids_max(&order.limits)),
            cpu_max: wants(Controller::Cpu).then_some(order.limits.milli_cpus),
        },
        mounts: Mounts { root_read_only: order.root.read_only, roots: 1, count: 12 },
    }
}

fn ids(order: &Order, base: Option<u32>) -> [u32; 2] {
    match base {
        Some(base) => [base + order.user.uid, base + order.user.gid],
        None => [rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()],
    }
}

fn process(order: &Order, base: Option<u32>) -> Process {
    let [uid, gid] = ids(order, base);
    let profile = order.apparmor.as_ref().map(|profile| format!("{profile} (enforce)"));
    Process {
        pid: 100,
        uid: vec![uid; 4],
        gid: vec![gid; 4],
        capabilities: sets(&format!("{:016x}", order.capabilities)),
        no_new_privs: true,
        seccomp: 2,
        seccomp_filters: u32::try_from(filters_of(order)).unwrap(),
        namespaces: NAMESPACES
            .into_iter()
            .map(|(namespace, _, _)| OneNamespace { namespace, own: order.has(namespace) })
            .collect(),
        lsm: order.selinux.clone().or(profile),
    }
}

fn sets(hex: &str) -> Capabilities {
    let set = || hex.to_owned();
    Capabilities { permitted: set(), effective: set(), bounding: set(), ambient: set() }
}

impl Case {
    fn verdict(&self) -> Verdict {
        let mut expected = Expected::of(&self.plan, self.order.clone());
        expected.base = self.base;
        expected.judge(self.seen.clone()).verdict
    }

    /// Whether the keeper would let it run, or for what it would not.
    fn mismatches(&self) -> Vec<&'static str> {
        let mut findings = judge(&self.seen, &self.order, filters_of(&self.order), ids(&self.order, self.base));
        findings.extend(judge_labels(&self.seen, &self.order));
        findings.into_iter().filter(|one| !one.as_ordered).map(|one| one.protection).collect()
    }
}

fn names(protections: &[Traced]) -> Vec<&'static str> {
    protections.iter().map(|one| one.0).collect()
}

/// The facts agree with the plan but for `change`, which takes exactly `lost` away: no more is in force, no less is
/// contradicted, and the keeper kills for it if it kills for `kills`.
fn loses(case: &mut Case, change: impl FnOnce(&mut Evidence), lost: &[&str], kills: &[&str]) {
    let before = case.verdict();
    change(&mut case.seen);
    let after = case.verdict();
    let left: Vec<_> = names(&before.in_force).into_iter().filter(|one| !lost.contains(one)).collect();
    assert_eq!(names(&after.in_force), left, "in force without {lost:?}");
    assert_eq!(names(&after.contradicted), lost, "contradicted");
    assert_eq!(case.mismatches(), kills, "what the keeper kills for");
}

#[test]
fn what_agrees_with_its_plan_is_in_force_and_nothing_is_contradicted() {
    for fixture in ["container", "chroot", "gvisor", "microvm", "container-v1-cgroup", "writable-root", "selinux"] {
        let case = case(fixture, |_| ());
        assert_eq!(names(&case.verdict().contradicted), [""; 0], "{fixture}");
        assert_eq!(case.mismatches(), [""; 0], "{fixture}");
        let planned: Vec<&str> = TRACED.into_iter().filter(|name| is_planned(&case, name)).collect();
        assert_eq!(names(&case.verdict().in_force), planned, "{fixture}");
    }
}

fn is_planned(Case { plan, order, base, .. }: &Case, protection: &str) -> bool {
    match protection {
        "uid-range" => base.is_some(),
        "landlock" => plan.landlock.is_some(),
        "apparmor" => plan.apparmor.is_some(),
        "selinux" => plan.selinux.is_some(),
        "read-only-root" => plan.root.read_only,
        "cgroup.memory" => plan.cgroup.controllers.contains(&Controller::Memory),
        "cgroup.pids" => plan.cgroup.controllers.contains(&Controller::Pids),
        "cgroup.cpu" => plan.cgroup.controllers.contains(&Controller::Cpu),
        "capabilities" | "no-new-privs" | "seccomp" | "network" => true,
        _ => NAMESPACES.into_iter().any(|(namespace, _, name)| name == protection && order.has(namespace)),
    }
}

#[test]
fn each_protection_is_lost_with_its_fact() {
    let changes: [(Change, &[&str]); 20] = [
        (|seen| seen.init.uid = vec![0; 4], &["uid-range"]),
        (|seen| seen.init.uid[3] += 1, &["uid-range"]),
        (|seen| seen.init.uid = seen.init.uid.iter().map(|uid| uid + 0x1_0000).collect(), &["uid-range"]),
        (|seen| seen.init.uid.truncate(3), &["uid-range"]),
        (|seen| seen.init.gid = vec![0; 4], &["uid-range"]),
        (|seen| seen.init.capabilities.permitted = HOLDS_ALL.to_owned(), &["capabilities"]),
        (|seen| seen.init.capabilities.effective = HOLDS_ALL.to_owned(), &["capabilities"]),
        (|seen| seen.init.capabilities.bounding = HOLDS_ALL.to_owned(), &["capabilities"]),
        (|seen| seen.init.capabilities.ambient = HOLDS_ALL.to_owned(), &["capabilities"]),
        (|seen| seen.init.capabilities.effective = String::new(), &["capabilities"]),
        (|seen| seen.init.no_new_privs = false, &["no-new-privs"]),
        (|seen| seen.init.seccomp = 0, &["seccomp"]),
        (|seen| seen.init.seccomp_filters -= 1, &["seccomp"]),
        (|seen| seen.mounts.root_read_only = false, &["read-only-root"]),
        (|seen| seen.mounts.roots = 2, &["namespace.mount", "read-only-root"]),
        (|seen| seen.mounts.roots = 0, &["namespace.mount", "read-only-root"]),
        (|seen| seen.cgroup.memory_max = None, &["cgroup.memory"]),
        (|seen| seen.cgroup.memory_max = seen.cgroup.memory_max.map(|max| max + 4096), &["cgroup.memory"]),
        (|seen| seen.cgroup.pids_max = seen.cgroup.pids_max.map(|max| max + 1), &["cgroup.pids"]),
        (|seen| seen.cgroup.cpu_max = None, &["cgroup.cpu"]),
    ];
    for fixture in ["container", "gvisor", "microvm"] {
        for (change, lost) in changes {
            let case = &mut case(fixture, |_| ());
            if lost.iter().any(|one| !is_planned(case, one)) {
                continue;
            }
            change(&mut case.seen);
            let mut found = case.mismatches();
            found.sort_unstable();
            assert_eq!(found, lost, "{fixture}");
            assert_eq!(names(&case.verdict().contradicted), lost, "{fixture}");
            assert!(lost.iter().all(|one| !names(&case.verdict().in_force).contains(one)), "{fixture} {lost:?}");
        }
    }
}

#[test]
fn each_namespace_is_lost_alone() {
    for (namespace, _, protection) in NAMESPACES {
        let shared = |seen: &mut Evidence| {
            seen.init.namespaces.iter_mut().filter(|one| one.namespace == namespace).for_each(|one| one.own = false);
        };
        let hidden = |seen: &mut Evidence| seen.init.namespaces.retain(|one| one.namespace != namespace);
        let lost: &[&str] = if namespace == Namespace::Net { &["namespace.net", "network"] } else { &[protection] };
        loses(&mut case("container", |_| ()), shared, lost, &[protection]);
        loses(&mut case("container", |_| ()), hidden, lost, &[protection]);
    }
}

#[test]
fn what_was_not_planned_is_neither_in_force_nor_contradicted() {
    let bare = case("container", |plan| {
        plan["landlock"] = serde_json::Value::Null;
        plan["cgroup"]["controllers"] = serde_json::json!(["pids"]);
        plan["limits"]["addressSpaceBytes"] = (1_u64 << 31).into();
        plan["limits"]["processes"] = 65.into();
    });
    let Verdict { in_force, contradicted } = bare.verdict();
    for absent in ["landlock", "apparmor", "selinux", "cgroup.memory", "cgroup.cpu"] {
        assert!(!names(&in_force).contains(&absent) && !names(&contradicted).contains(&absent), "{absent}");
    }
    assert_eq!(names(&contradicted), [""; 0]);
}

#[test]
fn without_root_there_is_no_range_of_ids() {
    let mut case = case_of("container", false, |_| ());
    assert!(!names(&case.verdict().in_force).contains(&"uid-range"));
    assert_eq!(names(&case.verdict().contradicted), [""; 0]);
    // Yet the keeper kills what has other ids than its own.
    loses(&mut case, |seen| seen.init.uid = vec![1; 4], &[], &["uid-range"]);
}

#[test]
fn a_network_is_closed_by_its_namespace_or_by_seccomp() {
    let open = |seen: &mut Evidence| seen.init.seccomp = 0;
    let mut filtered = case("chroot-without-network-namespace", |_| ());
    assert!(names(&filtered.verdict().in_force).contains(&"network"));
    assert!(!names(&filtered.verdict().in_force).contains(&"namespace.net"));
    loses(&mut filtered, open, &["seccomp", "network"], &["seccomp"]);
    // The namespace alone is enough.
    loses(&mut case("container", |_| ()), open, &["seccomp"], &["seccomp"]);
}

#[test]
fn a_label_is_the_very_one() {
    for (fixture, protection, change) in
        [("selinux", "selinux", None), ("container", "apparmor", Some("bulkhead-test"))]
    {
        let labelled = || case(fixture, |plan| change.into_iter().for_each(|name| plan["apparmor"] = name.into()));
        let right = labelled().seen.init.lsm.unwrap();
        assert!(names(&labelled().verdict().in_force).contains(&protection));
        for wrong in [None, Some(String::new()), Some(format!("{right}x")), Some(right[1..].to_owned())] {
            loses(&mut labelled(), |seen| seen.init.lsm = wrong, &[protection], &[protection]);
        }
    }
    let complaining = |seen: &mut Evidence| seen.init.lsm = Some("bulkhead-test (complain)".to_owned());
    let mut profiled = case("container", |plan| plan["apparmor"] = "bulkhead-test".into());
    loses(&mut profiled, complaining, &["apparmor"], &["apparmor"]);
}

#[test]
fn capabilities_are_looked_for_in_the_workload_and_not_in_an_init_that_switches_users() {
    let inside = |case: &Case, uid: u32, hex: &str| {
        let mut process = case.seen.init.clone();
        process.uid = vec![BASE + uid; 4];
        process.capabilities = sets(hex);
        process
    };
    let mut held = case("container", |_| ());
    let init = held.seen.init.clone();
    // Init itself, and its child before it has switched.
    held.seen.processes = Some(vec![init.clone(), init, inside(&held, 1000, HOLDS_NOTHING)]);
    assert!(names(&held.verdict().in_force).contains(&"capabilities"));
    let workload = inside(&held, 1000, "00000000000000c0");
    loses(&mut held, |seen| seen.processes = Some(vec![workload]), &["capabilities"], &[]);
    // Those that the plan leaves to the workload are the table's to tell.
    let mut granted = case("container", |plan| plan["capabilities"] = serde_json::json!(["CHOWN"]));
    granted.seen.processes = Some(vec![inside(&granted, 1000, "0000000000000001")]);
    assert_eq!(names(&granted.verdict().contradicted), [""; 0]);
    // Nothing in the jail of a monitor holds any.
    let mut jail = case("microvm", |_| ());
    let monitor = inside(&jail, 1000, HOLDS_ALL);
    loses(&mut jail, |seen| seen.processes = Some(vec![monitor]), &["capabilities"], &[]);
}

#[test]
fn the_verdict_names_each_protection_once_and_in_the_order_of_the_table() {
    let mut case = case("container", |plan| plan["apparmor"] = "bulkhead-test".into());
    case.seen.init.seccomp = 0;
    case.seen.init.lsm = None;
    let Verdict { in_force, contradicted } = case.verdict();
    assert_eq!(names(&contradicted), ["seccomp", "apparmor"]);
    let all: Vec<_> = TRACED.into_iter().filter(|one| names(&in_force).contains(one)).collect();
    assert_eq!(names(&in_force), all);
    assert_eq!(all.len(), TRACED.len() - 3);
}

#[test]
fn evidence_is_one_object_on_the_wire() {
    let case = case("container", |_| ());
    let mut expected = Expected::of(&case.plan, case.order.clone());
    expected.base = case.base;
    let json = serde_json::to_value(expected.judge(case.seen)).unwrap();
    let fields: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["cgroup", "init", "landlock", "mounts", "verdict"]);
    assert_eq!(json["landlock"]["abi"], 6);
    assert_eq!(json["verdict"]["inForce"][0], "uid-range");
    assert_eq!(json["init"]["namespaces"]["net"], "own");
}
