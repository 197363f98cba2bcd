//! Evidence: the protections in force, read from outside, from /proc and the cgroup files, never from data that the
//! sandbox sends.

use crate::cgroup::Group;
use crate::read;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::Order;
use bulkhead_protocol::{
    Capabilities, Evidence, Finding, MAX_PROCESSES, Mounts, NAMESPACES, OneNamespace, Process, judge_labels,
};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Bytes kept of an LSM label, which may have any length.
const LONGEST_LABEL: usize = 256;

pub fn collect(pid: i32, group: Option<&Group>, everyone: bool) -> Result<Evidence, Error> {
    Ok(Evidence {
        init: process(pid)?,
        processes: everyone.then(|| {
            let pids = group.map(Group::processes).unwrap_or_default();
            let inside = pids.into_iter().filter(|pid| !is_of_kernel(*pid));
            inside.filter_map(|pid| process(pid).ok()).take(MAX_PROCESSES).collect()
        }),
        cgroup: group.map(Group::in_force).unwrap_or_default(),
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
    let own = |(namespace, file, _)| Some(OneNamespace { namespace, own: is_own(pid, file)? });
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
        namespaces: NAMESPACES.into_iter().filter_map(own).collect(),
        lsm: lsm(pid),
    })
}

fn is_own(pid: i32, file: &'static str) -> Option<bool> {
    /// The broker's own namespaces, which never change: `step_down` moves it before the first sandbox.
    static OURS: OnceLock<Vec<(&str, PathBuf)>> = OnceLock::new();
    let link = |of: &str, file: &str| std::fs::read_link(format!("/proc/{of}/ns/{file}")).ok();
    let ours = OURS
        .get_or_init(|| NAMESPACES.into_iter().filter_map(|(_, file, _)| Some((file, link("self", file)?))).collect());
    let (_, own) = ours.iter().find(|(known, _)| *known == file)?;
    Some(link(&pid.to_string(), file)? != *own)
}

fn lsm(pid: i32) -> Option<String> {
    let read = |file: &str| read::text(format!("/proc/{pid}/attr/{file}"));
    let text = read("apparmor/current").or_else(|_| read("current")).ok()?;
    let label: String = text.trim_end_matches(['\n', '\0']).chars().take(LONGEST_LABEL).collect();
    (!label.is_empty()).then_some(label)
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

/// Checks profile and label after the exec, when they have taken effect.
pub fn check_label(evidence: &mut Evidence, order: &Order) -> Result<(), Error> {
    if order.apparmor.is_some() || order.selinux.is_some() {
        evidence.init.lsm = lsm(evidence.init.pid);
    }
    require(&judge_labels(evidence, order))
}

/// On a difference the error's detail names it, and the sandbox must end.
pub fn require(findings: &[Finding]) -> Result<(), Error> {
    match findings.iter().find(|finding| !finding.as_ordered) {
        None => Ok(()),
        Some(wrong) => Err(Error::new(Code::EnforcementMismatch, "compare with plan").detail(wrong.protection)),
    }
}
