//! Checks that the types cannot express. Each is about one order alone; the keeper decides whether its caller may have
//! it.

use crate::wire::Refused;
use crate::{
    Caller, Channel, DEVICES, Descriptor, FILTER_FD, Floor, LAST_FD, Landlock, Layers, Level, Limits, MAX_ATTACHED,
    MAX_INODES, MAX_SOURCES, Mount, Namespace, Offer, Order, Overlay, Owner, Piece, Program, Root, RootSource, Source,
    Terms, Text, Tmpfs, User, filter,
};
use std::collections::BTreeSet;

type Checked = Result<(), Refused>;

/// PATH_MAX and NAME_MAX of Linux.
const MAX_PATH: usize = 4096;
const MAX_NAME: usize = 255;
/// Ids inside: each sandbox has this many.
const MAX_ID: u32 = 65_535;
/// NGROUPS_MAX of the kernel.
const MAX_GROUPS: usize = 65_536;
const MAX_MOUNTS: usize = 256;
/// OVL_MAX_STACK of the kernel.
const MAX_LAYERS: usize = 500;
const MAX_RULES: usize = 4096;
const MAX_CONTENT: usize = 640 * 1024;
const MAX_WORDS: usize = 512;
/// 1 PiB: no sum of a few of these overflows.
const MAX_SIZE: u64 = 1 << 50;
/// PID_MAX_LIMIT of a 64-bit kernel.
const MAX_PIDS: u64 = 4_194_304;
const MAX_MILLI_CPUS: u64 = 1_024_000;

pub fn order(order: &Order) -> Checked {
    need(id(&order.id), "Order.id")?;
    namespaces(order)?;
    sources(order)?;
    need(order.hostname.as_deref().is_none_or(|name| name_of(name, 63, "-")), "Order.hostname")?;
    root(&order.root)?;
    mounts(order)?;
    limits(&order.limits)?;
    if let Some(told) = &order.advertised {
        let fits = told.memory_bytes <= MAX_SIZE && told.pids <= MAX_PIDS && told.milli_cpus <= MAX_MILLI_CPUS;
        need(fits, "Order.advertised")?;
    }
    filter::check(&order.filters)?;
    need(!order.program.is_init || order.filters.floor != Floor::Program, "Filters.floor")?;
    order.landlock.as_ref().map_or(Ok(()), landlock)?;
    need(order.apparmor.as_deref().is_none_or(|name| name_of(name, 100, "._-")), "Order.apparmor")?;
    need(order.selinux.as_deref().is_none_or(|label| name_of(label, 255, "._-,:")), "Order.selinux")?;
    user(&order.owner, "Order.owner")?;
    user(&order.user, "Order.user")?;
    program(&order.program, order.filters.workload.is_some())
}

/// Checks the terms, which come from the process that runs the order.
///
/// # Errors
/// The field.
pub fn terms(terms: &Terms) -> Checked {
    caller(&terms.caller)?;
    offer(&terms.offer)
}

fn id(text: &str) -> bool {
    let letter = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-';
    (8..=40).contains(&text.len()) && text.bytes().all(letter) && !text.starts_with('-')
}

fn namespaces(order: &Order) -> Checked {
    let distinct = order.namespaces.iter().collect::<BTreeSet<_>>().len() == order.namespaces.len();
    let always = [Namespace::Mount, Namespace::Pid, Namespace::Ipc].into_iter().all(|one| order.has(one));
    need(distinct && always, "Order.namespaces")?;
    let named = order.hostname.is_none() || order.has(Namespace::Uts);
    need(named && (!order.reserved_addresses || order.has(Namespace::Net)), "Order.namespaces")?;
    need(order.controllers.iter().collect::<BTreeSet<_>>().len() == order.controllers.len(), "Order.controllers")?;
    need(order.controllers.is_empty() || order.cgroup_version != 0, "Order.controllers")
}

/// Each source is mounted, and only once: two places that share a mount would share its restrictions.
fn sources(order: &Order) -> Checked {
    let mounted = order.mounts.iter().flat_map(Mount::sources);
    let used: Vec<u16> = order.root.source.sources().iter().chain(mounted).copied().collect();
    let each = used.iter().collect::<BTreeSet<_>>().len() == order.sources.len() && used.len() == order.sources.len();
    let there = used.iter().all(|one| usize::from(*one) < order.sources.len());
    need(each && there && used.len() <= MAX_SOURCES, "Order.sources")?;
    for one in &order.sources {
        need(one.path == "/" || path(&one.path), "Source.path")?;
        owner(one, order.level)?;
    }
    // The lower layers of a tree are never written.
    let layered = order.mounts.iter().filter(|mount| matches!(mount, Mount::Layers(_))).flat_map(Mount::sources);
    let mut shown = order.root.source.sources().iter().chain(layered);
    need(shown.all(|one| order.sources[usize::from(*one)].read_only), "Source.read_only")
}

fn owner(source: &Source, level: Level) -> Checked {
    let Some(Owner::One(owner)) = source.owner else { return Ok(()) };
    // 2^32 - 1 means "no id" to the kernel.
    need(owner.host_uid != u32::MAX && owner.host_gid != u32::MAX, "OneOwner.host_uid")?;
    need(owner.uid < MAX_ID && owner.gid < MAX_ID, "OneOwner.uid")?;
    need(!owner.maker || level == Level::Gvisor && !source.read_only, "OneOwner.maker")?;
    need(!owner.optional || source.read_only, "OneOwner.optional")
}

fn caller(caller: &Caller) -> Checked {
    // 2^32 - 1 means "no id" to the kernel.
    let ids = [caller.uid, caller.gid].into_iter().chain(caller.groups.iter().copied());
    need(caller.groups.len() <= MAX_GROUPS && ids.into_iter().all(|id| id != u32::MAX), "Terms.caller")
}

fn user(user: &User, field: Refused) -> Checked {
    let mut ids = [user.uid, user.gid].into_iter().chain(user.groups.iter().copied());
    need(user.groups.len() <= MAX_ID as usize && ids.all(|id| id <= MAX_ID), field)
}

fn root(root: &Root) -> Checked {
    overlay(root.overlay.as_ref())?;
    match &root.source {
        RootSource::Directory(_) => Ok(()),
        RootSource::Layers(tree) => layers(tree),
        RootSource::Empty(empty) => {
            need((1..=MAX_SIZE).contains(&empty.size_bytes) && root.overlay.is_none(), "RootEmpty.size_bytes")
        }
    }
}

fn overlay(overlay: Option<&Overlay>) -> Checked {
    let fits = |one: &Overlay| (1..=MAX_SIZE).contains(&one.size_bytes) && (1..=MAX_INODES).contains(&one.inodes);
    need(overlay.is_none_or(fits), "Overlay")
}

fn layers(layers: &[u16]) -> Checked {
    need((1..=MAX_LAYERS).contains(&layers.len()), "layers")
}

fn mounts(order: &Order) -> Checked {
    need(order.mounts.len() <= MAX_MOUNTS, "Order.mounts")?;
    for mount in &order.mounts {
        need(path(mount.at()) && is_place(mount), "Mount.at")?;
        match mount {
            Mount::Layers(tree) => tree_of(tree)?,
            Mount::Tmpfs(tmpfs) => memory(tmpfs)?,
            Mount::Dev(dev) => need((1..=MAX_SIZE).contains(&dev.shm_bytes), "Dev.shm_bytes")?,
            Mount::Text(text) => content(text)?,
            Mount::Symlink(link) => {
                let made = matches!(order.root.source, RootSource::Empty(_));
                let target = !link.target.is_empty() && link.target.len() < MAX_PATH && !link.target.contains('\0');
                need(made && target, "Symlink.target")?;
            }
            Mount::Device(device) => {
                let known = DEVICES.iter().any(|(known, _, _)| *known == device.at);
                let opened = order.sources.get(usize::from(device.source));
                let same =
                    opened.is_some_and(|source| source.path == device.at && source.read_only && source.owner.is_none());
                need(known && same && !order.program.is_init, "Device.at")?;
            }
            Mount::Proc(proc) => need(!proc.writable || !order.program.is_init, "Proc.writable")?,
            Mount::Bind(_) | Mount::Sys(_) | Mount::Mask(_) => {}
        }
    }
    Ok(())
}

/// The kernel's own trees are at their usual places, and only masks go into them, since programs trust the files there.
fn is_place(mount: &Mount) -> bool {
    match mount {
        Mount::Proc(proc) => proc.at == "/proc",
        Mount::Sys(at) => at.at == "/sys",
        Mount::Dev(dev) => dev.at == "/dev",
        Mount::Mask(_) | Mount::Device(_) => true,
        _ => !["/proc", "/sys", "/dev"]
            .iter()
            .any(|tree| mount.at().strip_prefix(tree).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))),
    }
}

fn content(text: &Text) -> Checked {
    let length = |piece: &Piece| match piece {
        Piece::Text(text) => text.len(),
        Piece::Id(_) => 10,
    };
    let ids = text.content.iter().all(|piece| !matches!(piece, Piece::Id(id) if *id > MAX_ID));
    need(ids && text.content.iter().map(length).sum::<usize>() <= MAX_CONTENT, "Text.content")
}

fn tree_of(tree: &Layers) -> Checked {
    layers(&tree.layers)?;
    overlay(tree.overlay.as_ref())
}

fn memory(tmpfs: &Tmpfs) -> Checked {
    need((1..=MAX_SIZE).contains(&tmpfs.size_bytes), "Tmpfs.size_bytes")?;
    need((1..=MAX_INODES).contains(&tmpfs.inodes), "Tmpfs.inodes")?;
    need(tmpfs.mode <= 0o1777, "Tmpfs.mode")?;
    need(tmpfs.uid <= MAX_ID && tmpfs.gid <= MAX_ID, "Tmpfs.uid")
}

fn limits(limits: &Limits) -> Checked {
    let bytes = [limits.memory_bytes, limits.locked_bytes]
        .into_iter()
        .chain([limits.file_bytes, limits.address_space_bytes].into_iter().flatten());
    let mut pids = std::iter::once(limits.pids).chain(limits.processes);
    let sizes = bytes.into_iter().all(|size| size <= MAX_SIZE);
    need(sizes && pids.all(|count| count <= MAX_PIDS), "Order.limits")?;
    need(limits.open_files <= 1 << 20 && limits.milli_cpus <= MAX_MILLI_CPUS, "Order.limits")
}

fn landlock(landlock: &Landlock) -> Checked {
    let ports = landlock.tcp.iter().flat_map(|tcp| [tcp.bind.len(), tcp.connect.len()]);
    let access = landlock.access.iter().flat_map(|access| [&access.read, &access.list, &access.execute]);
    let lists = [&landlock.writable, &landlock.sockets].into_iter().chain(access);
    let is_path = |one: &String| one == "/" || path(one);
    let mut fits = lists.into_iter().map(|list| list.len() <= MAX_RULES && list.iter().all(is_path));
    need(fits.all(|fits| fits) && ports.into_iter().all(|count| count <= MAX_RULES), "Order.landlock")
}

fn program(program: &Program, filter: bool) -> Checked {
    need((1..=MAX_WORDS).contains(&program.argv.len()) && program.env.len() <= MAX_WORDS, "Program.argv")?;
    need(program.path.as_ref().is_none_or(|path| path.as_bytes().starts_with(b"/")), "Program.path")?;
    let mut numbers = BTreeSet::new();
    if program.is_init && filter {
        numbers.insert(FILTER_FD);
    }
    let mut attached = 0;
    match program.channel {
        Channel::Fd(number) => {
            let fits = number == 0 && !program.is_init || (3..=LAST_FD).contains(&number);
            need(fits && numbers.insert(number), "Program.channel")?;
        }
        Channel::Stdio(()) => numbers.extend([0, 1]),
    }
    for descriptor in &program.descriptors {
        need(descriptor.fd() <= LAST_FD && numbers.insert(descriptor.fd()), "Descriptor.fd")?;
        match descriptor {
            Descriptor::Attached(_) => attached += 1,
            Descriptor::Open(open) => need(path(&open.path), "Open.path")?,
        }
    }
    need(attached <= MAX_ATTACHED, "Program.descriptors")
}

fn offer(offer: &Offer) -> Checked {
    let count = offer.processors.len();
    need(offer.wanted as usize <= count && offer.equal as usize <= count, "Terms.offer")
}

/// Absolute and normalized, and not `/` itself: apart from links, the kernel resolves it to exactly this path.
fn path(text: &str) -> bool {
    let part = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= MAX_NAME;
    text.len() <= MAX_PATH
        && !text.contains('\0')
        && text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(part))
}

/// One to `most` letters, digits, or characters of `others`.
fn name_of(text: &str, most: usize, others: &str) -> bool {
    let letter = |one: char| one.is_ascii_alphanumeric() || others.contains(one);
    (1..=most).contains(&text.len()) && text.chars().all(letter)
}

fn need(holds: bool, field: Refused) -> Checked {
    if holds { Ok(()) } else { Err(field) }
}
