//! What is in force, read from outside: from /proc and the cgroup files, never from anything that the sandbox says.

use crate::cgroup::{Group, InForce};
use crate::compile::{capabilities_of, switches_user, user_of};
use crate::read;
use bulkhead_error::Attempt;
use bulkhead_filters::base_count;
use bulkhead_plan::model::{Namespace, Plan, User};
use bulkhead_plan::{Code, Error};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    pub init: Process,
    /// The processes inside, when asked for: the first `MAX_PROCESSES` of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<Vec<Process>>,
    pub cgroup: InForce,
    /// Not visible from outside: applied by the child before init ran, which would not have run otherwise.
    pub landlock: Option<LandlockInForce>,
    pub mounts: Mounts,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LandlockInForce {
    pub abi: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mounts {
    pub root_read_only: bool,
    /// Mounts on `/`: one, or the host's root is still there below or above it.
    #[serde(skip)]
    pub roots: usize,
    pub count: usize,
}

/// One process; ids as the host counts them, sets as hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    pub pid: i32,
    pub uid: Vec<u32>,
    pub gid: Vec<u32>,
    pub capabilities: Capabilities,
    pub no_new_privs: bool,
    pub seccomp: u32,
    pub seccomp_filters: u32,
    /// `own` or `host`, by name.
    pub namespaces: BTreeMap<&'static str, &'static str>,
    pub lsm: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    pub permitted: String,
    pub effective: String,
    pub bounding: String,
    pub ambient: String,
}

/// How many processes one answer tells of. Their number is the workload's choice, and must neither make the answer longer than a
/// library reads, which would cost it the connection and all its sandboxes, nor keep the broker from serving others.
const MAX_PROCESSES: usize = 256;

const NAMESPACES: [(&str, &str, Namespace); 7] = [
    ("mount", "mnt", Namespace::Mount),
    ("pid", "pid", Namespace::Pid),
    ("ipc", "ipc", Namespace::Ipc),
    ("net", "net", Namespace::Net),
    ("user", "user", Namespace::User),
    ("uts", "uts", Namespace::Uts),
    ("cgroup", "cgroup", Namespace::Cgroup),
];

pub fn collect(pid: i32, plan: &Plan, group: Option<&Group>, everyone: bool) -> Result<Evidence, Error> {
    Ok(Evidence {
        init: process(pid)?,
        processes: everyone.then(|| {
            let pids = group.map(Group::processes).unwrap_or_default();
            let inside = pids.into_iter().filter(|pid| !is_of_kernel(*pid));
            inside.filter_map(|pid| process(pid).ok()).take(MAX_PROCESSES).collect()
        }),
        cgroup: group.map(Group::in_force).unwrap_or_default(),
        landlock: plan.landlock.as_ref().map(|landlock| LandlockInForce { abi: landlock.abi }),
        mounts: mounts(pid)?,
    })
}

fn read(path: &str) -> Result<String, Error> {
    read::text(path).attempt_on(Code::EnforcementMismatch, "read", path)
}

/// A thread of the kernel's own. KVM starts some in the group of who makes a machine, and they are nobody's to confine.
fn is_of_kernel(pid: i32) -> bool {
    const PF_KTHREAD: u32 = 0x0020_0000;
    // After the name, which may hold anything, in its last parenthesis: state, five numbers, flags.
    let flags = |stat: String| stat.rsplit_once(')')?.1.split_whitespace().nth(6)?.parse::<u32>().ok();
    read(&format!("/proc/{pid}/stat")).ok().and_then(flags).is_some_and(|flags| flags & PF_KTHREAD != 0)
}

fn process(pid: i32) -> Result<Process, Error> {
    let status = read(&format!("/proc/{pid}/status"))?;
    let field = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim).unwrap_or_default()
    };
    let numbers = |name| field(name).split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<u32>>();
    let number = |name| numbers(name).first().copied().unwrap_or(0);
    let set = |name| field(name).to_owned();
    let namespaces = NAMESPACES.iter().filter_map(|(name, file, _)| Some((*name, namespace(pid, file)?))).collect();
    Ok(Process {
        pid,
        uid: numbers("Uid"),
        gid: numbers("Gid"),
        capabilities: Capabilities {
            permitted: set("CapPrm"),
            effective: set("CapEff"),
            bounding: set("CapBnd"),
            ambient: set("CapAmb"),
        },
        no_new_privs: field("NoNewPrivs") == "1",
        seccomp: number("Seccomp"),
        seccomp_filters: number("Seccomp_filters"),
        namespaces,
        lsm: lsm(pid),
    })
}

fn namespace(pid: i32, file: &'static str) -> Option<&'static str> {
    thread_local! {
        /// The broker's own, which never change: `step_down` moves it before the first sandbox.
        static OURS: RefCell<BTreeMap<&'static str, PathBuf>> = const { RefCell::new(BTreeMap::new()) };
    }
    let theirs = std::fs::read_link(format!("/proc/{pid}/ns/{file}")).ok()?;
    let ours = OURS.with_borrow_mut(|known| {
        if !known.contains_key(file) {
            known.insert(file, std::fs::read_link(format!("/proc/self/ns/{file}")).ok()?);
        }
        known.get(file).cloned()
    })?;
    Some(if theirs == ours { "host" } else { "own" })
}

fn lsm(pid: i32) -> Option<String> {
    let label = read::text(format!("/proc/{pid}/attr/apparmor/current"))
        .or_else(|_| read::text(format!("/proc/{pid}/attr/current")));
    label.ok().map(|label| label.trim_end_matches(['\n', '\0']).to_owned()).filter(|label| !label.is_empty())
}

fn mounts(pid: i32) -> Result<Mounts, Error> {
    let text = read(&format!("/proc/{pid}/mountinfo"))?;
    // Fields: id, parent, device, root, mount point, options, …
    let options = text.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(4);
        if fields.next() == Some("/") { fields.next() } else { None }
    });
    let roots: Vec<&str> = options.collect();
    Ok(Mounts {
        root_read_only: roots.iter().all(|options| options.split(',').any(|option| option == "ro")),
        roots: roots.len(),
        count: text.lines().count(),
    })
}

/// Compares init with the plan. What differs is the detail of the error; the sandbox must then end.
pub fn check(evidence: &Evidence, plan: &Plan, base: u32, privileged: bool) -> Result<(), Error> {
    let init = &evidence.init;
    let switches_user = switches_user(plan, privileged);
    let own_id = |inside: u32, outside: u32| if privileged { outside + inside } else { outside };
    let User { uid, gid, .. } = user_of(plan, switches_user);
    let outside = if privileged {
        (base, base)
    } else {
        (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
    };
    let allowed = capabilities_of(plan, switches_user);
    let within = |set: &str| u64::from_str_radix(set, 16).is_ok_and(|bits| bits & !allowed == 0);
    let caps = &init.capabilities;
    let checks = [
        ("uid", init.uid == [own_id(uid, outside.0); 4]),
        ("gid", init.gid == [own_id(gid, outside.1); 4]),
        (
            "capabilities",
            [&caps.permitted, &caps.effective, &caps.bounding, &caps.ambient].into_iter().all(|set| within(set)),
        ),
        ("no-new-privs", init.no_new_privs),
        ("seccomp", init.seccomp == 2 && init.seccomp_filters >= base_count(&plan.seccomp)),
        (
            "namespaces",
            NAMESPACES.iter().all(|(name, _, one)| {
                init.namespaces.get(name) == Some(if plan.namespaces.contains(one) { &"own" } else { &"host" })
            }),
        ),
        ("only one root", evidence.mounts.roots == 1),
        ("read-only-root", evidence.mounts.root_read_only || !plan.root.read_only),
        (
            "cgroup.memory",
            !wants(plan, bulkhead_plan::model::Controller::Memory)
                || evidence.cgroup.memory_max.is_some_and(|max| max <= plan.limits.memory_bytes),
        ),
        (
            "cgroup.pids",
            !wants(plan, bulkhead_plan::model::Controller::Pids)
                || evidence.cgroup.pids_max == Some(crate::cgroup::pids_max(&plan.limits)),
        ),
        (
            "cgroup.cpu",
            !wants(plan, bulkhead_plan::model::Controller::Cpu)
                || evidence.cgroup.cpu_max.is_some_and(|max| max <= plan.limits.milli_cpus),
        ),
    ];
    match checks.iter().find(|(_, holds)| !holds) {
        None => Ok(()),
        Some((what, _)) => Err(Error::new(Code::EnforcementMismatch, "compare with plan").detail(*what)),
    }
}

/// Profile and label take effect only with the exec, after everything else was looked at. Exactly these: `foo` is not
/// `foobar`, and a profile in complain mode enforces nothing.
pub fn check_label(evidence: &mut Evidence, plan: &Plan) -> Result<(), Error> {
    if let Some(label) = &plan.selinux {
        evidence.init.lsm = lsm(evidence.init.pid);
        if evidence.init.lsm.as_ref() != Some(label) {
            return Err(Error::new(Code::EnforcementMismatch, "compare with plan").detail("selinux"));
        }
    }
    let Some(profile) = &plan.apparmor else { return Ok(()) };
    evidence.init.lsm = lsm(evidence.init.pid);
    if evidence.init.lsm.as_deref() == Some(&format!("{profile} (enforce)")) {
        return Ok(());
    }
    Err(Error::new(Code::EnforcementMismatch, "compare with plan").detail("apparmor"))
}

fn wants(plan: &Plan, controller: bulkhead_plan::model::Controller) -> bool {
    plan.cgroup.controllers.contains(&controller)
}
