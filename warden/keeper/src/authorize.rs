//! May this caller have this sandbox? Everything that an order could ask for and its caller must not have. Nothing here relies on what the
//! front has checked before.

use crate::idmap::Mapping;
use bulkhead_error::{Code, Error};
use bulkhead_order::{
    Caller, Controller, Floor, Level, MAX_IDMAPS, Mount, Namespace, Order, Owner, STORE_RANGE, Source,
};
use bulkhead_protocol::facts::Maxima;
use rustix::thread::CapabilitySet as Set;

/// What a sandbox's own user namespace can give. Mounts, network, pids, ipc and host name belong to the host's user namespace, so the
/// capabilities about those would be promised in vain; `SYS_PTRACE` would open init.
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

/// What `runsc` sets its sandbox up with, in the jail's own user namespace: namespaces below it, and stopping its own children.
const FOR_RUNSC: Set = Set::SYS_ADMIN.union(Set::SYS_PTRACE);

/// What the answer depends on, beyond the caller.
pub struct Broker<'a> {
    pub privileged: bool,
    pub cgroup_version: u8,
    pub maxima: &'a Maxima,
    /// This is process 1 of a virtual machine.
    pub guest: bool,
}

impl Broker<'_> {
    /// The order has been checked by itself already.
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

    /// A caller can lower, never raise, what the owner configured; and cannot get around it by asking for no limit at all.
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
            // Without a mapping the files that it leaves would belong to an id that another sandbox gets later.
            return Err(Error::new(Code::MountOwnerForeign, "check plan")
                .path(&source.path)
                .detail("writable without an owner"));
        }
        self.check_owner(source.owner.as_ref(), source.read_only, caller, &source.path)
    }

    /// Mapping an id to the workload lets it act as that id on these files: only the caller's own may be lent. Root may
    /// lend any id, but nobody writes as root.
    fn check_owner(&self, owner: Option<&Owner>, read_only: bool, caller: &Caller, path: &str) -> Result<(), Error> {
        let Some(owner) = owner else { return Ok(()) };
        let foreign = |detail: &str| Err(Error::new(Code::MountOwnerForeign, "check plan").path(path).detail(detail));
        if !self.privileged {
            return foreign("owner needs root");
        }
        let owner = match owner {
            Owner::One(owner) => owner,
            // Not one id of anybody's but all of the store's, which is root's.
            Owner::Store(owner) if caller.is_root() && owner.range == STORE_RANGE => return Ok(()),
            // On a host they would be root and everybody. An image of a virtual machine can only be read.
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

/// Of a level that a plan cannot have, of a right that no sandbox has: no front compiles such an order.
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
        // Of init it is told by what the workload can have.
        Floor::Workload { chroot: true, .. } if !held.contains(Set::SYS_CHROOT) && !order.program.is_init => {
            refused("Filters.floor")
        }
        _ => Ok(()),
    }
}
