//! May this caller have this sandbox? Everything that a valid plan could ask for and its caller must not have.

use crate::compile::{owners, too_many_owners};
use crate::options::Maxima;
use bulkhead_order::{Caller, MAX_IDMAPS};
use bulkhead_plan::model::{Bind, Controller, Mount, Namespace, Owner, Plan, RootSource, STORE_RANGE};
use bulkhead_plan::{Code, Error};

/// What the answer depends on, beyond the caller.
pub struct Broker<'a> {
    pub privileged: bool,
    pub cgroup_version: u8,
    pub maxima: &'a Maxima,
    /// This is process 1 of a virtual machine.
    pub guest: bool,
}

impl Broker<'_> {
    /// The plan has been checked by itself already.
    pub fn authorize(&self, plan: &Plan, caller: &Caller) -> Result<(), Error> {
        self.check_namespaces(plan)?;
        self.check_limits(plan)?;
        if owners(plan).count() > MAX_IDMAPS {
            return Err(too_many_owners());
        }
        match &plan.root.source {
            RootSource::Directory(root) => self.check_owner(root.owner.as_ref(), true, caller, &root.path)?,
            RootSource::Layers(root) => self.check_owner(root.owner.as_ref(), true, caller, &root.layers[0])?,
            RootSource::Empty(_) => {}
        }
        plan.mounts.iter().try_for_each(|mount| match mount {
            Mount::Bind(bind) => self.check_bind(bind, caller),
            Mount::Layers(tree) => self.check_owner(tree.owner.as_ref(), true, caller, &tree.at),
            _ => Ok(()),
        })
    }

    fn check_namespaces(&self, plan: &Plan) -> Result<(), Error> {
        if !self.privileged && !plan.namespaces.contains(&Namespace::User) {
            return Err(
                Error::new(Code::NamespaceRefused, "check plan").detail("without root there must be a user namespace")
            );
        }
        Ok(())
    }

    /// A caller can lower, never raise, what the owner configured; and cannot get around it by asking for no limit at all.
    fn check_limits(&self, plan: &Plan) -> Result<(), Error> {
        if plan.cgroup.version != self.cgroup_version {
            let detail = format!("cgroup.version {}, the broker has {}", plan.cgroup.version, self.cgroup_version);
            return Err(Error::new(Code::CgroupUnavailable, "check plan").detail(detail));
        }
        for (controller, field, asked, maximum) in [
            (Controller::Memory, "memoryBytes", plan.limits.memory_bytes, self.maxima.memory_bytes),
            (Controller::Pids, "pids", plan.limits.pids, self.maxima.pids),
            (Controller::Cpu, "milliCpus", plan.limits.milli_cpus, self.maxima.milli_cpus),
        ] {
            let Some(maximum) = maximum else { continue };
            if asked > maximum || !plan.cgroup.controllers.contains(&controller) {
                return Err(Error::new(Code::LimitAboveMaximum, "check plan")
                    .detail(format!("limits.{field} {asked} > {maximum}")));
            }
        }
        Ok(())
    }

    fn check_bind(&self, bind: &Bind, caller: &Caller) -> Result<(), Error> {
        if self.privileged && !bind.read_only && bind.owner.is_none() {
            // Without a mapping the files that it leaves would belong to an id that another sandbox gets later.
            return Err(Error::new(Code::MountOwnerForeign, "check plan")
                .path(&bind.source)
                .detail("writable without an owner"));
        }
        self.check_owner(bind.owner.as_ref(), bind.read_only, caller, &bind.source)
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
