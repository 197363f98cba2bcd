//! From a plan to the order that setup takes: every choice is made here, so that setup has none left.

use crate::accounts;
use crate::idmap::Mapping;
use crate::uid_range;
use bulkhead_order::{
    self as order, Caller, Filters, Floor, MAX_IDMAPS, Offer, Order, RootDirectory, RootLayers, RootSource as Source,
};
use bulkhead_plan::model::{Level, Mount, Namespace, Owner, Payload, Plan, RootSource, User};
use bulkhead_plan::payload::{self, Channel, Descriptor, Init, Program};
use bulkhead_plan::{Code, Error, InnerPlan};
use bulkhead_setup::Wanted;
use rustix::thread::CapabilitySet;
use std::ffi::CString;

/// Init's own id inside, where it can have one: no workload can be this user.
const INIT_ID: u32 = 65_535;
/// Lets init become the workload's user, end its processes and drop the bounding set; over nothing but the sandbox's own ids.
const INIT_CAPABILITIES: [&str; 4] = ["SETUID", "SETGID", "KILL", "SETPCAP"];
/// Where init finds its channel.
const CHANNEL: u8 = 3;
/// Where init finds the connection of the sandbox's egress, when there is one.
const EGRESS: u8 = 5;

/// What an order is made of, beside the plan.
pub struct Compiler<'a> {
    pub caller: &'a Caller,
    pub filters: &'a Filters,
    /// The first id of the sandbox's range; none without root.
    pub base: Option<u32>,
    pub offer: Offer,
    /// The user namespaces of idmapped mounts, each once: their order is that of the descriptors.
    pub mappings: Vec<Mapping>,
}

/// Init has an id of its own inside.
pub fn switches_user(plan: &Plan, privileged: bool) -> bool {
    privileged && plan.namespaces.contains(&Namespace::User)
}

/// Who the payload starts as: init is nobody that a workload can be, where it can become the workload's user; a program is the plan's user.
pub fn user_of(plan: &Plan, switches_user: bool) -> User {
    match plan.payload {
        Payload::Init(_) if switches_user => User { uid: INIT_ID, gid: INIT_ID, groups: Vec::new() },
        _ => plan.user.clone(),
    }
}

/// What the payload holds. Init, where it switches users, some of its own beside the workload's; without an own user namespace nobody holds any,
/// but for a program of a rootless plan, which has its user namespace already.
pub fn capabilities_of(plan: &Plan, switches_user: bool) -> u64 {
    let own: &[&str] = match plan.payload {
        Payload::Init(_) if switches_user => &INIT_CAPABILITIES,
        Payload::Init(_) => return 0,
        Payload::Program(_) => &[],
    };
    let names = own.iter().copied().chain(plan.capabilities.iter().map(String::as_str));
    names.filter_map(CapabilitySet::from_name).fold(CapabilitySet::empty(), |all, one| all | one).bits()
}

/// Which views a plan asks for, as far as they can be made before it is there.
pub fn wanted(plan: &Plan) -> Wanted {
    let below_proc = |mount: &Mount| match mount {
        Mount::Mask(at) => at.at.strip_prefix("/proc/").filter(|name| !name.contains('/')).map(str::to_owned),
        _ => None,
    };
    Wanted {
        writable: plan.mounts.iter().any(|mount| matches!(mount, Mount::Proc(proc) if proc.writable)),
        sys: plan.mounts.iter().any(|mount| matches!(mount, Mount::Sys(_))),
        advertised: plan.advertised.is_some(),
        masks: plan.mounts.iter().filter_map(below_proc).collect(),
    }
}

/// Each owner of a plan, the root's first.
pub fn owners(plan: &Plan) -> impl Iterator<Item = Owner> {
    let root = match &plan.root.source {
        RootSource::Directory(directory) => directory.owner,
        RootSource::Layers(tree) => tree.owner,
        RootSource::Empty(_) => None,
    };
    let mounts = plan.mounts.iter().filter_map(|mount| match mount {
        Mount::Bind(bind) => bind.owner,
        Mount::Layers(tree) => tree.owner,
        _ => None,
    });
    root.into_iter().chain(mounts)
}

/// The user namespace of an idmapped mount, with the first id of the sandbox's range added.
pub fn mapping(owner: Owner, base: u32) -> Mapping {
    match owner {
        Owner::One(owner) => Mapping {
            inside_uid: owner.host_uid,
            inside_gid: owner.host_gid,
            host_uid: base + owner.uid,
            host_gid: base + owner.gid,
            count: 1,
            same_uid: (owner.maker && owner.uid != 0).then_some(base),
            same_gid: (owner.maker && owner.gid != 0).then_some(base),
        },
        Owner::Store(owner) => Mapping {
            inside_uid: owner.range,
            inside_gid: owner.range,
            host_uid: base,
            host_gid: base,
            count: uid_range::SIZE,
            same_uid: None,
            same_gid: None,
        },
    }
}

impl<'a> Compiler<'a> {
    pub fn new(plan: &Plan, caller: &'a Caller, filters: &'a Filters, base: Option<u32>, offer: Offer) -> Self {
        let mut mappings: Vec<Mapping> = Vec::new();
        for mapping in owners(plan).map(|owner| mapping(owner, base.unwrap_or(0))) {
            if !mappings.contains(&mapping) {
                mappings.push(mapping);
            }
        }
        Self { caller, filters, base, offer, mappings }
    }

    /// # Errors
    /// `PLAN_INVALID` for what an order has no room for.
    pub fn compile(self, plan: &Plan) -> Result<Order, Error> {
        let switches_user = switches_user(plan, self.base.is_some());
        let is_init = matches!(plan.payload, Payload::Init(_));
        let mut filters = self.filters.clone();
        if is_init && filters.floor == Floor::Program {
            filters.floor = Floor::Workload { whiteouts: false, chroot: false };
        }
        Ok(Order {
            caller: self.caller.clone(),
            hostname: plan.namespaces.contains(&Namespace::Uts).then(|| plan.hostname.clone()),
            root: order::Root {
                source: self.source(&plan.root.source)?,
                read_only: plan.root.read_only,
                overlay: plan.root.overlay.clone(),
            },
            mounts: plan.mounts.iter().map(|mount| self.mount(mount, plan)).collect::<Result<_, _>>()?,
            limits: plan.limits.clone(),
            advertised: plan.advertised,
            landlock: plan.landlock.clone(),
            apparmor: plan.apparmor.clone(),
            selinux: plan.selinux.clone(),
            reserved_addresses: plan.reserved_addresses,
            owner: plan.user.clone(),
            user: user_of(plan, switches_user),
            capabilities: capabilities_of(plan, switches_user),
            hands_on: plan.level == Level::Gvisor,
            program: match &plan.payload {
                Payload::Init(one) => init(plan, one, switches_user, filters.workload.is_some())?,
                Payload::Program(one) => program(one)?,
            },
            filters,
            offer: self.offer,
        })
    }

    fn owner(&self, owner: Option<&Owner>) -> Result<Option<order::Owner>, Error> {
        let Some(owner) = owner else { return Ok(None) };
        let wanted = mapping(*owner, self.base.unwrap_or(0));
        let index = self.mappings.iter().position(|known| *known == wanted);
        let idmap = index.filter(|index| *index < MAX_IDMAPS).and_then(|index| u8::try_from(index).ok());
        let optional = matches!(owner, Owner::One(owner) if owner.optional);
        idmap.map(|idmap| Some(order::Owner { idmap, optional })).ok_or_else(too_many_owners)
    }

    fn source(&self, source: &RootSource) -> Result<Source, Error> {
        Ok(match source {
            RootSource::Directory(one) => {
                Source::Directory(RootDirectory { path: one.path.clone(), owner: self.owner(one.owner.as_ref())? })
            }
            RootSource::Layers(tree) => {
                Source::Layers(RootLayers { layers: tree.layers.clone(), owner: self.owner(tree.owner.as_ref())? })
            }
            RootSource::Empty(empty) => Source::Empty(empty.clone()),
        })
    }

    fn mount(&self, mount: &Mount, plan: &Plan) -> Result<order::Mount, Error> {
        let file = |at: &str, content| order::Mount::File(order::File { at: at.to_owned(), content });
        let ids = accounts::Ids::of(plan, self.base);
        Ok(match mount {
            Mount::Bind(bind) => order::Mount::Bind(order::Bind {
                source: bind.source.clone(),
                at: bind.at.clone(),
                read_only: bind.read_only,
                exec: bind.exec,
                owner: self.owner(bind.owner.as_ref())?,
            }),
            Mount::Layers(tree) => order::Mount::Layers(order::Layers {
                at: tree.at.clone(),
                layers: tree.layers.clone(),
                owner: self.owner(tree.owner.as_ref())?,
                overlay: tree.overlay.clone(),
                read_only: tree.read_only,
                exec: tree.exec,
            }),
            Mount::Tmpfs(tmpfs) => order::Mount::Tmpfs(tmpfs.clone()),
            Mount::Proc(proc) => order::Mount::Proc(proc.clone()),
            Mount::Dev(dev) => order::Mount::Dev(dev.clone()),
            Mount::Sys(at) => order::Mount::Sys(at.clone()),
            Mount::Mask(at) => order::Mount::Mask(at.clone()),
            Mount::File(one) => order::Mount::File(one.clone()),
            Mount::Passwd(one) => file(&one.at, accounts::passwd(one, &ids)),
            Mount::Group(one) => file(&one.at, accounts::group(one, &ids)),
            Mount::Symlink(link) => order::Mount::Symlink(link.clone()),
            Mount::Device(device) => order::Mount::Device(device.clone()),
        })
    }
}

fn init(plan: &Plan, init: &Init, switches_user: bool, filters: bool) -> Result<order::Program, Error> {
    let inner = InnerPlan {
        user: plan.user.clone(),
        switches_user,
        capabilities: plan.capabilities.clone(),
        open_files: plan.limits.open_files,
        sentry: None,
    };
    let json = serde_json::to_string(&inner).map_err(|_| Error::new(Code::LaunchFailed, "encode inner plan"))?;
    // With an empty environment: it is readable inside.
    let filter: &[&str] = if filters { &["--filter", "4"] } else { &[] };
    let egress: &[&str] = if init.egress { &["--egress", "5"] } else { &[] };
    let argv = ["init", "--channel", "3", "--inner", &json].into_iter().chain(filter.iter().chain(egress).copied());
    Ok(order::Program {
        is_init: true,
        path: None,
        argv: words(argv)?,
        env: Vec::new(),
        channel: order::Channel::Fd(CHANNEL),
        descriptors: init.egress.then_some(order::Descriptor::Attached(EGRESS)).into_iter().collect(),
    })
}

fn program(program: &Program) -> Result<order::Program, Error> {
    let env: Vec<String> = program.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let descriptor = |descriptor: &Descriptor| match descriptor {
        Descriptor::Attached(one) => order::Descriptor::Attached(one.fd),
        Descriptor::Open(one) => {
            order::Descriptor::Open(order::Open { fd: one.fd, path: one.path.clone(), write: one.write })
        }
    };
    Ok(order::Program {
        is_init: false,
        path: (program.path != payload::WARDEN).then(|| word(&program.path)).transpose()?,
        argv: words(program.argv.iter().map(String::as_str))?,
        env: words(env.iter().map(String::as_str))?,
        channel: match program.channel {
            Channel::Fd(number) => order::Channel::Fd(number),
            Channel::Stdio(_) => order::Channel::Stdio(()),
        },
        descriptors: program.descriptors.iter().map(descriptor).collect(),
    })
}

pub fn too_many_owners() -> Error {
    Error::new(Code::PlanInvalid, "check plan").detail(format!("more than {MAX_IDMAPS} owners"))
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Vec<CString>, Error> {
    words.into_iter().map(word).collect()
}

fn word(text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::new(Code::PlanInvalid, "encode arguments").detail("NUL"))
}
