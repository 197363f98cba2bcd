//! From a plan to the order that setup executes. All choices are made here, so that setup has none left.

use crate::accounts;
use bulkhead_error::{Code, Error};
use bulkhead_order::{self as order, Filters, Floor, Order, Source, SourceNumber};
use bulkhead_plan::InnerPlan;
use bulkhead_plan::model::{Level, Mount, Namespace, Owner, Payload, Plan, RootSource, User};
use bulkhead_plan::payload::{self, Channel, Descriptor, Init, Program};
use rustix::thread::CapabilitySet;
use std::ffi::CString;

/// Init's own id inside, if it can have one: no workload can be this user.
const INIT_ID: u32 = 65_535;
/// Lets init become the workload's user, end its processes and drop the bounding set, over the sandbox's own ids only.
const INIT_CAPABILITIES: [&str; 4] = ["SETUID", "SETGID", "KILL", "SETPCAP"];
/// The descriptor of init's channel.
const CHANNEL: u8 = 3;
/// The descriptor of init's egress connection, if there is one.
const EGRESS: u8 = 5;
/// The descriptor of init's connection to the service's bridge, if there is one.
const BRIDGE: u8 = 6;

/// Init has an id of its own inside.
fn switches_user(plan: &Plan, privileged: bool) -> bool {
    privileged && plan.namespaces.contains(&Namespace::User)
}

/// The user that the payload starts as. Init gets an id that no workload can have, if it can switch to the workload's
/// user; a program starts as the plan's user.
fn user_of(plan: &Plan, switches_user: bool) -> User {
    match plan.payload {
        Payload::Init(_) if switches_user => User { uid: INIT_ID, gid: INIT_ID, groups: Vec::new() },
        _ => plan.user.clone(),
    }
}

/// The payload's capabilities. Init, if it switches users, has some of its own besides the workload's. Without a user
/// namespace of the sandbox there are none, except for a program of a rootless plan, which is in its user namespace
/// already.
fn capabilities_of(plan: &Plan, switches_user: bool) -> u64 {
    let own: &[&str] = match plan.payload {
        Payload::Init(_) if switches_user => &INIT_CAPABILITIES,
        Payload::Init(_) => return 0,
        Payload::Program(_) => &[],
    };
    let names = own.iter().copied().chain(plan.capabilities.iter().map(String::as_str));
    names.filter_map(CapabilitySet::from_name).fold(CapabilitySet::empty(), |all, one| all | one).bits()
}

/// `privileged`: the sandbox gets a uid range.
///
/// # Errors
/// `PLAN_INVALID` for a value that does not fit into an order.
pub fn compile(plan: &Plan, filters: &Filters, privileged: bool) -> Result<Order, Error> {
    let switches_user = switches_user(plan, privileged);
    let is_init = matches!(plan.payload, Payload::Init(_));
    let mut filters = filters.clone();
    if is_init && filters.floor == Floor::Program {
        filters.floor = Floor::Workload { whiteouts: false, chroot: false };
    }
    let mut sources = Sources::default();
    let root = order::Root {
        source: sources.root(&plan.root.source),
        read_only: plan.root.read_only,
        overlay: plan.root.overlay.clone(),
    };
    let mounts = plan.mounts.iter().map(|mount| sources.mount(mount, plan, privileged)).collect();
    Ok(Order {
        id: plan.id.clone(),
        level: plan.level,
        namespaces: plan.namespaces.clone(),
        cgroup_version: plan.cgroup.version,
        controllers: plan.cgroup.controllers.clone(),
        sources: sources.0,
        hostname: plan.namespaces.contains(&Namespace::Uts).then(|| plan.hostname.clone()),
        root,
        mounts,
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
    })
}

/// The host paths that the plan names, in order of appearance.
#[derive(Default)]
struct Sources(Vec<Source>);

impl Sources {
    fn add(&mut self, path: &str, read_only: bool, exec: bool, owner: Option<Owner>) -> SourceNumber {
        self.0.push(Source { path: path.to_owned(), read_only, exec, owner });
        // The order's check refuses more sources than it can number, whatever their numbers.
        SourceNumber::try_from(self.0.len() - 1).unwrap_or(SourceNumber::MAX)
    }

    fn layers(&mut self, layers: &[String], exec: bool, owner: Option<Owner>) -> Vec<SourceNumber> {
        layers.iter().map(|layer| self.add(layer, true, exec, owner)).collect()
    }

    fn root(&mut self, source: &RootSource) -> order::RootSource {
        match source {
            RootSource::Directory(one) => order::RootSource::Directory(self.add(&one.path, true, true, one.owner)),
            RootSource::Layers(tree) => order::RootSource::Layers(self.layers(&tree.layers, true, tree.owner)),
            RootSource::Empty(empty) => order::RootSource::Empty(empty.clone()),
        }
    }

    fn mount(&mut self, mount: &Mount, plan: &Plan, privileged: bool) -> order::Mount {
        let text = |at: &str, content| order::Mount::Text(order::Text { at: at.to_owned(), content });
        let ids = accounts::Ids::of(plan, privileged);
        match mount {
            Mount::Bind(bind) => order::Mount::Bind(order::Bind {
                source: self.add(&bind.source, bind.read_only, bind.exec, bind.owner),
                at: bind.at.clone(),
            }),
            Mount::Layers(tree) => order::Mount::Layers(order::Layers {
                at: tree.at.clone(),
                layers: self.layers(&tree.layers, tree.exec, tree.owner),
                overlay: tree.overlay.clone(),
                read_only: tree.read_only,
                exec: tree.exec,
            }),
            Mount::Tmpfs(tmpfs) => order::Mount::Tmpfs(tmpfs.clone()),
            Mount::Proc(proc) => order::Mount::Proc(proc.clone()),
            Mount::Dev(dev) => order::Mount::Dev(dev.clone()),
            Mount::Sys(at) => order::Mount::Sys(at.clone()),
            Mount::Mask(at) => order::Mount::Mask(at.clone()),
            Mount::File(one) => text(&one.at, vec![order::Piece::Text(one.content.clone())]),
            Mount::Passwd(one) => text(&one.at, accounts::passwd(one, &ids)),
            Mount::Group(one) => text(&one.at, accounts::group(one, &ids)),
            Mount::Symlink(link) => order::Mount::Symlink(link.clone()),
            Mount::Device(device) => order::Mount::Device(order::Bind {
                source: self.add(&device.path, true, false, None),
                at: device.at.clone(),
            }),
        }
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
    // An empty environment, since it is readable inside.
    let filter: &[&str] = if filters { &["--filter", "4"] } else { &[] };
    let egress: &[&str] = if init.egress { &["--egress", "5"] } else { &[] };
    let bridge: &[&str] = if init.bridge { &["--bridge", "6"] } else { &[] };
    let more = filter.iter().chain(egress).chain(bridge).copied();
    let argv = ["init", "--channel", "3", "--inner", &json].into_iter().chain(more);
    let attached = [init.egress.then_some(EGRESS), init.bridge.then_some(BRIDGE)];
    Ok(order::Program {
        is_init: true,
        path: None,
        argv: words(argv)?,
        env: Vec::new(),
        channel: order::Channel::Fd(CHANNEL),
        descriptors: attached.into_iter().flatten().map(order::Descriptor::Attached).collect(),
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

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Vec<CString>, Error> {
    words.into_iter().map(word).collect()
}

fn word(text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::new(Code::PlanInvalid, "encode arguments").detail("NUL"))
}
