//! Evidence: the protections in force, read from outside, from /proc and the cgroup files, never from data that the
//! sandbox sends.

use crate::cgroup::Group;
use crate::read;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Controller, Namespace, Order};
use bulkhead_protocol::{Capabilities, Evidence, LandlockInForce, MAX_PROCESSES, Mounts, OneNamespace, Process};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Bytes kept of an LSM label, which may have any length.
const LONGEST_LABEL: usize = 256;

const NAMESPACES: [(&str, Namespace); 7] = [
    ("mnt", Namespace::Mount),
    ("pid", Namespace::Pid),
    ("ipc", Namespace::Ipc),
    ("net", Namespace::Net),
    ("user", Namespace::User),
    ("uts", Namespace::Uts),
    ("cgroup", Namespace::Cgroup),
];

pub fn collect(pid: i32, order: &Order, group: Option<&Group>, everyone: bool) -> Result<Evidence, Error> {
    Ok(Evidence {
        init: process(pid)?,
        processes: everyone.then(|| {
            let pids = group.map(Group::processes).unwrap_or_default();
            let inside = pids.into_iter().filter(|pid| !is_of_kernel(*pid));
            inside.filter_map(|pid| process(pid).ok()).take(MAX_PROCESSES).collect()
        }),
        cgroup: group.map(Group::in_force).unwrap_or_default(),
        landlock: order.landlock.as_ref().map(|landlock| LandlockInForce { abi: landlock.abi }),
        mounts: mounts(pid)?,
    })
}

fn read(path: &str) -> Result<String, Error> {
    read::text(path).attempt_on(Code::EnforcementMismatch, "read", path)
}

/// KVM puts kernel threads into the VMM's cgroup. No process can confine them, so they are skipped.
fn is_of_kernel(pid: i32) -> bool {
    const PF_KTHREAD: u32 = 0x0020_0000;
    // After the name, which may contain anything and ends with the last parenthesis: state, five numbers, flags.
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
    let own = |(file, namespace): &(&'static str, Namespace)| {
        Some(OneNamespace { namespace: *namespace, own: is_own(pid, file)? })
    };
    let namespaces = NAMESPACES.iter().filter_map(own).collect();
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

fn is_own(pid: i32, file: &'static str) -> Option<bool> {
    thread_local! {
        /// The broker's own namespaces, which never change: `step_down` moves it before the first sandbox.
        static OURS: RefCell<BTreeMap<&'static str, PathBuf>> = const { RefCell::new(BTreeMap::new()) };
    }
    let theirs = std::fs::read_link(format!("/proc/{pid}/ns/{file}")).ok()?;
    let ours = OURS.with_borrow_mut(|known| {
        if !known.contains_key(file) {
            known.insert(file, std::fs::read_link(format!("/proc/self/ns/{file}")).ok()?);
        }
        known.get(file).cloned()
    })?;
    Some(theirs != ours)
}

fn lsm(pid: i32) -> Option<String> {
    let label = read::text(format!("/proc/{pid}/attr/apparmor/current"))
        .or_else(|_| read::text(format!("/proc/{pid}/attr/current")));
    label
        .ok()
        .map(|label| label.trim_end_matches(['\n', '\0']).chars().take(LONGEST_LABEL).collect::<String>())
        .filter(|label| !label.is_empty())
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
        roots: narrow(roots.len()),
        count: narrow(text.lines().count()),
    })
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Minimum number of filters on init; a program that builds a sandbox runs under all filters.
pub fn filters_of(order: &Order) -> usize {
    if order.program.is_init { 1 + order.filters.base.len() } else { order.filters.count() }
}

/// Compares init's state with the order. On a difference the error's detail names it, and the sandbox must end. `base`:
/// `None` without root.
pub fn check(evidence: &Evidence, order: &Order, filters: usize, base: Option<u32>) -> Result<(), Error> {
    let init = &evidence.init;
    let (uid, gid) = match base {
        Some(base) => (base + order.user.uid, base + order.user.gid),
        None => (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()),
    };
    let within = |set: &String| u64::from_str_radix(set, 16).is_ok_and(|bits| bits & !order.capabilities == 0);
    let caps = &init.capabilities;
    let wants = |one| order.controllers.contains(&one);
    let as_ordered = |(_, one): &(&str, Namespace)| {
        init.namespaces.iter().find(|seen| seen.namespace == *one).is_some_and(|seen| seen.own == order.has(*one))
    };
    let (limits, cgroup) = (&order.limits, &evidence.cgroup);
    let checks = [
        ("uid", init.uid == [uid; 4]),
        ("gid", init.gid == [gid; 4]),
        ("capabilities", [&caps.permitted, &caps.effective, &caps.bounding, &caps.ambient].into_iter().all(within)),
        ("no-new-privs", init.no_new_privs),
        ("seccomp", init.seccomp == 2 && init.seccomp_filters as usize >= filters),
        ("namespaces", NAMESPACES.iter().all(as_ordered)),
        ("only one root", evidence.mounts.roots == 1),
        ("read-only-root", evidence.mounts.root_read_only || !order.root.read_only),
        (
            "cgroup.memory",
            !wants(Controller::Memory) || cgroup.memory_max.is_some_and(|max| max <= limits.memory_bytes),
        ),
        ("cgroup.pids", !wants(Controller::Pids) || cgroup.pids_max == Some(crate::cgroup::pids_max(limits))),
        ("cgroup.cpu", !wants(Controller::Cpu) || cgroup.cpu_max.is_some_and(|max| max <= limits.milli_cpus)),
    ];
    match checks.iter().find(|(_, holds)| !holds) {
        None => Ok(()),
        Some((what, _)) => Err(Error::new(Code::EnforcementMismatch, "compare with plan").detail(*what)),
    }
}

/// Profile and label take effect only at the exec, after all other checks. They must match exactly: `foo` is not
/// `foobar`, and a profile in complain mode enforces nothing.
pub fn check_label(evidence: &mut Evidence, order: &Order) -> Result<(), Error> {
    if let Some(label) = &order.selinux {
        evidence.init.lsm = lsm(evidence.init.pid);
        if evidence.init.lsm.as_ref() != Some(label) {
            return Err(Error::new(Code::EnforcementMismatch, "compare with plan").detail("selinux"));
        }
    }
    let Some(profile) = &order.apparmor else { return Ok(()) };
    evidence.init.lsm = lsm(evidence.init.pid);
    if evidence.init.lsm.as_deref() == Some(&format!("{profile} (enforce)")) {
        return Ok(());
    }
    Err(Error::new(Code::EnforcementMismatch, "compare with plan").detail("apparmor"))
}
