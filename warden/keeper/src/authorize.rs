//! Whether this caller may have this sandbox: all checks of what an order could ask for and its caller must not have.
//! Nothing here relies on checks that the front has made.

use crate::idmap::Mapping;
use bulkhead_error::{Code, Error};
use bulkhead_order::{
    Caller, Controller, Floor, Level, MAX_IDMAPS, Mount, Namespace, Order, Owner, STORE_RANGE, Source,
};
use bulkhead_protocol::facts::Maxima;
use rustix::thread::CapabilitySet as Set;

/// The capabilities that a sandbox's own user namespace can give. Mounts, network, pids, ipc and host name belong to
/// the host's user namespace, so capabilities over those would have no effect. `SYS_PTRACE` would give access to init.
const GRANTABLE: Set = Set::CHOWN
    .union(Set::DAC_OVERRIDE)
    .union(Set::DAC_READ_SEARCH)
    .union(Set::FOWNER)
    .union(Set::FSETID)
    .union(Set::KILL)
    .union(Set::SETGID)
    .union(Set::SETPCAP)
    .union(Set::SETUID)
    .union(Set::SYS_CHROOT);

/// The capabilities with which `runsc` sets up its sandbox, in the jail's own user namespace: to make namespaces below
/// it, and to stop its own children.
const FOR_RUNSC: Set = Set::SYS_ADMIN.union(Set::SYS_PTRACE);

/// The broker's state that the decision depends on, besides the caller.
pub struct Broker<'a> {
    pub privileged: bool,
    pub cgroup_version: u8,
    pub maxima: &'a Maxima,
    /// This is process 1 of a virtual machine.
    pub guest: bool,
}

impl Broker<'_> {
    /// Expects an order that has passed its own check.
    pub fn authorize(&self, order: &Order, caller: &Caller) -> Result<(), Error> {
        self.check_namespaces(order)?;
        check_rights(order)?;
        self.check_limits(order)?;
        let mut mappings: Vec<Mapping> = Vec::new();
        for owner in order.sources.iter().filter_map(|source| source.owner) {
            let mapping = Mapping::of(owner, 0);
            if !mappings.contains(&mapping) {
                mappings.push(mapping);
            }
        }
        if mappings.len() > MAX_IDMAPS {
            return Err(Error::new(Code::PlanInvalid, "check plan").detail(format!("more than {MAX_IDMAPS} owners")));
        }
        order.sources.iter().try_for_each(|source| self.check_source(source, caller))
    }

    fn check_namespaces(&self, order: &Order) -> Result<(), Error> {
        if !self.privileged && !order.has(Namespace::User) {
            return Err(
                Error::new(Code::NamespaceRefused, "check plan").detail("without root there must be a user namespace")
            );
        }
        Ok(())
    }

    /// A caller can lower, but never raise, the owner's limits, and cannot evade them by requesting no limit.
    fn check_limits(&self, order: &Order) -> Result<(), Error> {
        if order.cgroup_version != self.cgroup_version {
            let detail = format!("cgroup.version {}, the broker has {}", order.cgroup_version, self.cgroup_version);
            return Err(Error::new(Code::CgroupUnavailable, "check plan").detail(detail));
        }
        for (controller, field, asked, maximum) in [
            (Controller::Memory, "memoryBytes", order.limits.memory_bytes, self.maxima.memory_bytes),
            (Controller::Pids, "pids", order.limits.pids, self.maxima.pids),
            (Controller::Cpu, "milliCpus", order.limits.milli_cpus, self.maxima.milli_cpus),
        ] {
            let Some(maximum) = maximum else { continue };
            if asked > maximum || !order.controllers.contains(&controller) {
                return Err(Error::new(Code::LimitAboveMaximum, "check plan")
                    .detail(format!("limits.{field} {asked} > {maximum}")));
            }
        }
        Ok(())
    }

    fn check_source(&self, source: &Source, caller: &Caller) -> Result<(), Error> {
        if self.privileged && !source.read_only && source.owner.is_none() {
            // Without a mapping, files that the sandbox leaves would have an id that another sandbox gets later.
            return Err(Error::new(Code::MountOwnerForeign, "check plan")
                .path(&source.path)
                .detail("writable without an owner"));
        }
        self.check_owner(source.owner.as_ref(), source.read_only, caller, &source.path)
    }

    /// Mapping an id to the workload lets it act as that id on these files, so a caller may lend only its own id. Root
    /// may lend any id, but no workload writes as root.
    fn check_owner(&self, owner: Option<&Owner>, read_only: bool, caller: &Caller, path: &str) -> Result<(), Error> {
        let Some(owner) = owner else { return Ok(()) };
        let foreign = |detail: &str| Err(Error::new(Code::MountOwnerForeign, "check plan").path(path).detail(detail));
        if !self.privileged {
            return foreign("owner needs root");
        }
        let owner = match owner {
            Owner::One(owner) => owner,
            // The image store's whole id range, which only root may map.
            Owner::Store(owner) if caller.is_root() && owner.range == STORE_RANGE => return Ok(()),
            // On a host these ids would be root and all users. In a virtual machine, images are read-only.
            Owner::Store(owner) if self.guest && owner.range == 0 && read_only => return Ok(()),
            Owner::Store(_) => return foreign("owner.range"),
        };
        if !read_only && (owner.host_uid == 0 || owner.host_gid == 0) {
            return Err(Error::new(Code::MountOwnerRoot, "check plan").path(path));
        }
        if caller.is_root() {
            return Ok(());
        }
        if owner.host_uid != caller.uid {
            return foreign("owner.hostUid");
        }
        if !caller.has_group(owner.host_gid) {
            return foreign("owner.hostGid");
        }
        Ok(())
    }
}

/// Refuses a level without a plan of its own and rights that no sandbox has: no front compiles such an order.
fn check_rights(order: &Order) -> Result<(), Error> {
    let refused = |field: &str| Err(Error::new(Code::PlanInvalid, "check order").detail(field));
    let wall = matches!(order.level, Level::Gvisor | Level::Microvm);
    if order.program.is_init == wall || order.level != Level::Chroot && !order.has(Namespace::User) {
        return refused("Order.level");
    }
    let held = Set::from_bits_retain(order.capabilities);
    let possible = match order.level {
        _ if !order.has(Namespace::User) => Set::empty(),
        Level::Gvisor => GRANTABLE | FOR_RUNSC,
        _ => GRANTABLE,
    };
    if !possible.contains(held) || order.hands_on && order.level != Level::Gvisor {
        return refused("Order.capabilities");
    }
    let whole = order.mounts.iter().any(|mount| matches!(mount, Mount::Proc(proc) if proc.writable));
    if whole && order.level != Level::Gvisor {
        return refused("Proc.writable");
    }
    match order.filters.floor {
        // The floor of init depends on the workload's capabilities.
        Floor::Workload { chroot: true, .. } if !held.contains(Set::SYS_CHROOT) && !order.program.is_init => {
            refused("Filters.floor")
        }
        _ => Ok(()),
    }
}
