//! Ranges and relations between fields, checked after parsing. Reports the first problem, as one `PLAN_INVALID` that
//! names the field.
//!
//! The broker trusts no caller, and these are the only rules about plans: tests check the library's compiler against
//! them, and `fixtures/` shows what each refuses.

mod limits;
mod mounts;
mod payload;
mod text;

pub use mounts::MAX_CONTENT;

use crate::model::{Landlock, Level, Namespace, Plan, SeccompProfile, User};
use crate::{Code, Error, custom, profile};
use std::collections::BTreeSet;

/// Maximum bytes of a plan's JSON.
pub const MAX_BYTES: usize = 768 * 1024;

/// Ids inside; 65,535 is init's.
pub const MAX_ID: u32 = 65_534;

const MAX_GROUPS: usize = 64;
/// Ports in each list of `landlock.tcp`: each is a rule.
const MAX_PORTS: usize = 256;

/// Paths in each list of `landlock.access`: each is a rule, created again for every sandbox.
const MAX_ACCESS: usize = 1024;

/// The capabilities that a sandbox's own user namespace can give. Mounts, network, pids, ipc and host name belong to
/// the host's user namespace, so capabilities over those would have no effect. `SYS_PTRACE` would give access to init.
pub const GRANTABLE: [&str; 10] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The capabilities with which `runsc` sets up its sandbox, in the jail's own user namespace: to make namespaces below
/// it, and to stop its own children.
const FOR_RUNSC: [&str; 2] = ["SYS_ADMIN", "SYS_PTRACE"];

pub(crate) type Checked = Result<(), Error>;

impl Plan {
    /// Parses and checks a plan.
    ///
    /// # Errors
    /// `PLAN_INVALID`; `detail` names the field, or is the parser's message.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::new(Code::PlanInvalid, "parse").detail("bytes"));
        }
        // The message may quote a name from the plan, of any length.
        let plan: Self = serde_json::from_slice(bytes).map_err(|error| {
            Error::new(Code::PlanInvalid, "parse").detail(error.to_string().chars().take(200).collect::<String>())
        })?;
        plan.check()?;
        Ok(plan)
    }

    /// The checks that the types cannot express.
    ///
    /// # Errors
    /// `PLAN_INVALID`; `detail` names the field, as in `mounts[3].at`.
    pub fn check(&self) -> Checked {
        need(self.version == 1, "version")?;
        need(text::id(&self.id), "id")?;
        need(text::host_name(&self.hostname), "hostname")?;
        self.check_namespaces()?;
        check_user(&self.user)?;
        mounts::root(&self.root)?;
        mounts::all(self)?;
        limits::all(&self.limits, &self.cgroup)?;
        self.advertised.as_ref().map_or(Ok(()), limits::advertised)?;
        match &self.seccomp.profile {
            SeccompProfile::Named(name) => {
                need(profile::PROFILES.iter().any(|(known, _)| known == name), "seccomp.profile")?;
            }
            SeccompProfile::Custom(custom) => custom::check(custom)?,
        }
        self.check_landlock()?;
        self.check_capabilities()?;
        need(self.apparmor.as_deref().is_none_or(text::profile_name), "apparmor")?;
        need(self.selinux.as_deref().is_none_or(text::selinux_label), "selinux")?;
        payload::all(self)
    }

    fn check_namespaces(&self) -> Checked {
        let has = |namespace| self.namespaces.contains(&namespace);
        let network = has(Namespace::Net) || self.seccomp.unix_sockets_only;
        let always = has(Namespace::Mount) && has(Namespace::Pid) && has(Namespace::Ipc) && network;
        let by_level = match self.level {
            Level::Chroot => !has(Namespace::Uts),
            Level::Container | Level::Gvisor | Level::Microvm => has(Namespace::User) && has(Namespace::Uts),
        };
        need(always && by_level && distinct(&self.namespaces), "namespaces")?;
        // Only on a loopback of the sandbox's own.
        need(!self.reserved_addresses || has(Namespace::Net), "reservedAddresses")
    }

    fn check_landlock(&self) -> Checked {
        let Some(landlock) = &self.landlock else { return Ok(()) };
        need((1..=99).contains(&landlock.abi), "landlock.abi")?;
        for (index, path) in landlock.writable.iter().enumerate() {
            // Of these three, programs may write only in /dev/shm.
            let kernel = ["/proc", "/sys", "/dev"].iter().any(|tree| text::within(path, tree));
            let allowed = if path == "/" { !self.root.read_only } else { text::path(path) };
            need(allowed && (!kernel || path == "/dev/shm"), &format!("landlock.writable[{index}]"))?;
        }
        need(landlock.writable.len() <= mounts::MAX && distinct(&landlock.writable), "landlock.writable")?;
        if let Some(tcp) = &landlock.tcp {
            need(landlock.abi >= Landlock::TCP_ABI, "landlock.tcp")?;
            for (list, ports) in [("bind", &tcp.bind), ("connect", &tcp.connect)] {
                need(ports.len() <= MAX_PORTS && distinct(ports), &format!("landlock.tcp.{list}"))?;
            }
        }
        let ruled = landlock.sockets.is_empty() || landlock.abi >= Landlock::SOCKETS_ABI;
        need(ruled && landlock.sockets.len() <= mounts::MAX && distinct(&landlock.sockets), "landlock.sockets")?;
        for (index, path) in landlock.sockets.iter().enumerate() {
            need(text::path(path), &format!("landlock.sockets[{index}]"))?;
        }
        let Some(access) = &landlock.access else { return Ok(()) };
        for (list, paths) in [("read", &access.read), ("list", &access.list), ("execute", &access.execute)] {
            for (index, path) in paths.iter().enumerate() {
                need(path == "/" || text::path(path), &format!("landlock.access.{list}[{index}]"))?;
            }
            need(paths.len() <= MAX_ACCESS && distinct(paths), &format!("landlock.access.{list}"))?;
        }
        Ok(())
    }

    fn check_capabilities(&self) -> Checked {
        for (index, name) in self.capabilities.iter().enumerate() {
            let builder = self.level == Level::Gvisor && FOR_RUNSC.contains(&name.as_str());
            need(builder || GRANTABLE.contains(&name.as_str()), &format!("capabilities[{index}]"))?;
        }
        let possible = self.level != Level::Chroot && self.namespaces.contains(&Namespace::User);
        need(self.capabilities.is_empty() || possible && distinct(&self.capabilities), "capabilities")
    }
}

fn check_user(user: &User) -> Checked {
    need(user.uid <= MAX_ID, "user.uid")?;
    need(user.gid <= MAX_ID, "user.gid")?;
    for (index, &group) in user.groups.iter().enumerate() {
        need(group <= MAX_ID, &format!("user.groups[{index}]"))?;
    }
    need(user.groups.len() <= MAX_GROUPS && distinct(&user.groups), "user.groups")
}

pub(crate) fn need(holds: bool, field: &str) -> Checked {
    if holds { Ok(()) } else { Err(Error::new(Code::PlanInvalid, "check").detail(field)) }
}

fn distinct<T: Ord>(values: &[T]) -> bool {
    values.iter().collect::<BTreeSet<_>>().len() == values.len()
}
