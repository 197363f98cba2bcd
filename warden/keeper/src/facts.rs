//! The broker's part of the host report: probed, never assumed.

use crate::uid_range;
use bulkhead_order::Caller;
use bulkhead_protocol::facts::{Ceilings, CgroupFacts, Facts, Userns};
use bulkhead_sys::Fork;
use rustix::process::{Resource, WaitId, WaitIdOptions};
use rustix::thread::CapabilitySet;

/// The facts that are the same for every caller.
#[derive(Debug, Clone)]
pub struct HostFacts {
    facts: Facts,
}

impl HostFacts {
    pub fn probe(cgroup: &CgroupFacts) -> Self {
        let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
        let facts = Facts {
            ceilings: ceilings(),
            new_mount_api: at_least(&kernel, 5, 12),
            kernel,
            uid: rustix::process::geteuid().as_raw(),
            privileged: privileged(),
            caller_uid: 0,
            caller_gid: 0,
            namespaces: namespaces(),
            userns: userns(),
            cgroup: cgroup.clone(),
            seccomp_actions: words("/proc/sys/kernel/seccomp/actions_avail"),
            landlock_abi: bulkhead_confine::landlock::abi(),
            apparmor: read("/sys/module/apparmor/parameters/enabled").is_some_and(|text| text == "Y"),
            selinux: read("/sys/fs/selinux/enforce").is_some_and(|text| text == "1"),
        };
        Self { facts }
    }

    pub fn privileged(&self) -> bool {
        self.facts.privileged
    }

    pub fn told_to(&self, caller: &Caller) -> Facts {
        Facts { caller_uid: caller.uid, caller_gid: caller.gid, ..self.facts.clone() }
    }
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn words(path: &str) -> Vec<String> {
    read(path).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

fn at_least(release: &str, major: u32, minor: u32) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|part| part.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (major, minor)
}

/// Probes each name: a user cannot list the /proc directory of its own process if that is not dumpable.
fn namespaces() -> Vec<String> {
    let known = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];
    known
        .into_iter()
        .filter(|name| std::fs::read_link(format!("/proc/self/ns/{name}")).is_ok())
        .map(str::to_owned)
        .collect()
}

/// Only CAP_SYS_RESOURCE may raise a hard limit; root without it (in a container) must use its caller's.
fn ceilings() -> Ceilings {
    let raises =
        rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_RESOURCE));
    let hard = |resource| if raises { None } else { rustix::process::getrlimit(resource).maximum };
    let most_files = read("/proc/sys/fs/nr_open").and_then(|text| text.parse().ok()).unwrap_or(1 << 20);
    let system = rustix::system::sysinfo();
    Ceilings {
        open_files: hard(Resource::Nofile).unwrap_or(most_files).min(most_files),
        processes: hard(Resource::Nproc),
        address_space_bytes: hard(Resource::As),
        memory_bytes: u64::from(system.mem_unit).saturating_mul(system.totalram),
        processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64,
    }
}

/// Whether we have the rights of root that launches need: to mount, and to assign ids of the sandboxes' ranges. Root of
/// a user namespace (a rootless container) often lacks them, and is then treated as an ordinary user.
fn privileged() -> bool {
    let needed = CapabilitySet::SYS_ADMIN | CapabilitySet::SETUID | CapabilitySet::SETGID | CapabilitySet::MKNOD;
    let root = rustix::process::geteuid().is_root();
    let capable = rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(needed));
    let mapped = read("/proc/self/uid_map").is_some_and(|map| map.lines().any(|line| covers(line, uid_range::FIRST)));
    root && capable && mapped
}

fn covers(map_line: &str, id: u32) -> bool {
    let numbers: Vec<u64> = map_line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    matches!(numbers[..], [inside, _, count] if (inside..inside + count).contains(&u64::from(id)))
}

/// Creates a user namespace and writes its map, as a rootless sandbox does.
fn userns() -> Userns {
    let tried = try_userns();
    Userns {
        works: tried.is_ok(),
        errno: tried.err(),
        apparmor_restricted: read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").map(|text| text == "1"),
        unprivileged_clone: read("/proc/sys/kernel/unprivileged_userns_clone").map(|text| text == "1"),
        maximum: read("/proc/sys/user/max_user_namespaces").and_then(|text| text.parse().ok()),
    }
}

fn try_userns() -> Result<(), i32> {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let fork = bulkhead_sys::fork(libc::CLONE_NEWUSER as u64, None).map_err(rustix::io::Errno::raw_os_error)?;
    let Fork::Parent { pidfd, .. } = fork else {
        let done = bulkhead_setup::map_self((uid, gid), (uid, gid)).map_err(|error| error.errno.unwrap_or(libc::EPERM));
        // Ubuntu's restriction allows the namespace but removes its capabilities; creating another namespace inside
        // shows that.
        let done =
            done.and_then(|()| bulkhead_sys::unshare(libc::CLONE_NEWNS).map_err(rustix::io::Errno::raw_os_error));
        bulkhead_sys::exit_now(done.err().unwrap_or(0))
    };
    let status = rustix::process::waitid(WaitId::PidFd(rustix::fd::AsFd::as_fd(&pidfd)), WaitIdOptions::EXITED)
        .map_err(rustix::io::Errno::raw_os_error)?;
    match status.and_then(|status| status.exit_status()) {
        Some(0) => Ok(()),
        Some(errno) => Err(errno),
        None => Err(libc::EPERM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_compare_by_number() {
        assert!(at_least("6.18.44-fc", 5, 12));
        assert!(at_least("5.12.0", 5, 12));
        assert!(!at_least("5.9.0", 5, 12));
        assert!(!at_least("unknown", 5, 12));
    }

    #[test]
    fn uid_maps_are_read_as_ranges() {
        assert!(covers("         0          0 4294967295", uid_range::FIRST));
        assert!(!covers("0 100000 65536", uid_range::FIRST));
    }
}
