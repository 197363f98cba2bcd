//! A /dev with the devices that every program expects, and none that reaches hardware.

use super::api::{self, Filesystem};
use super::context::{Context, Prepared};
use super::ids::Ids;
use super::target;
use super::tree::Tree;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Bind, DEVICES, Dev, MAX_INODES};
use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};

const FAILED: Code = Code::MountFailed;
const NODES: [(&str, u32, u32); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];
const LINKS: [(&str, &str); 5] = [
    ("ptmx", "pts/ptmx"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// The parts that need no order.
pub fn prepare(ids: Ids) -> Result<Prepared, Error> {
    Ok(Prepared { dev: make(true)?, terminals: make_terminals(Some(ids))? })
}

/// All parts except the mounts on it; the nodes themselves only if they can be created.
fn make(nodes: bool) -> Result<OwnedFd, Error> {
    let at = "/dev";
    let mount = Filesystem::new("tmpfs", at)?
        .set("size", "65536")?
        .set("mode", "0755")?
        .mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)?;
    for directory in ["pts", "shm", "mqueue"] {
        rustix::fs::mkdirat(&mount, directory, Mode::from_raw_mode(0o755)).attempt_on(FAILED, "mkdir", at)?;
    }
    for (name, target) in LINKS {
        rustix::fs::symlinkat(target, &mount, name).attempt_on(FAILED, "symlink", at)?;
    }
    for (name, major, minor) in NODES.into_iter().filter(|_| nodes) {
        let mode = Mode::from_raw_mode(0o666);
        rustix::fs::mknodat(&mount, name, FileType::CharacterDevice, mode, rustix::fs::makedev(major, minor))
            .attempt_on(FAILED, "mknod", at)?;
    }
    Ok(mount)
}

pub fn place(dev: &Dev, tree: &Tree, context: &Context, watched: &mut Vec<OwnedFd>) -> Result<(), Error> {
    let shared = make_shared_memory(dev)?;
    if let Some(prepared) = &context.prepared {
        attach(dev, tree, &prepared.dev, [&prepared.terminals, &shared], true)?;
    } else {
        let terminals = make_terminals(context.privileged.then_some(context.ids))?;
        attach(dev, tree, &make(context.privileged)?, [&terminals, &shared], context.privileged)?;
    }
    watched.push(shared);
    Ok(())
}

fn attach(dev: &Dev, tree: &Tree, mount: &OwnedFd, below: [&OwnedFd; 2], has_nodes: bool) -> Result<(), Error> {
    let [terminals, shared] = below;
    let at = dev.at.as_str();
    let place = target::plain_directory(tree, at)?;
    tree.reserve(mount)?;
    api::attach(mount, &place, at)?;
    if !has_nodes {
        bind_nodes(mount, at)?;
    }
    attach_below(mount, "pts", terminals, at)?;
    attach_below(mount, "shm", shared, at)?;
    if dev.mqueue {
        place_queues(mount, at)?;
    }
    api::set(mount, false, MOUNT_ATTR_RDONLY).attempt_on(FAILED, "mount_setattr", at)
}

/// One of the host's device nodes, by descriptor; refused if it is not exactly this device.
fn host_node(name: &str, major: u32, minor: u32) -> Result<OwnedFd, Error> {
    let path = format!("/dev/{name}");
    let node =
        rustix::fs::openat2(CWD, &*path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::NO_SYMLINKS)
            .attempt_on(FAILED, "open", &path)?;
    require_device(&node, &path, major, minor)?;
    Ok(node)
}

fn require_device(node: &OwnedFd, path: &str, major: u32, minor: u32) -> Result<(), Error> {
    let stat = rustix::fs::fstat(node).attempt_on(FAILED, "fstat", path)?;
    let device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
    if device && stat.st_rdev == rustix::fs::makedev(major, minor) {
        return Ok(());
    }
    Err(Error::new(FAILED, "fstat").path(path).detail("not the device of that name"))
}

/// A host device in the existing /dev, accessible inside only to the plan's user. The caller opened it for reading and
/// writing, so it may use it.
pub fn place_one(device: &Bind, tree: &Tree, context: &Context) -> Result<(), Error> {
    let at = device.at.as_str();
    let unknown = || Error::new(FAILED, "open").path(at).detail("not a device that can be named");
    let (name, major, minor) = DEVICES
        .into_iter()
        .find_map(|(path, major, minor)| (path == at).then_some((path.strip_prefix("/dev/")?, major, minor)))
        .ok_or_else(unknown)?;
    let (node, _) = context.source(device.source, at)?;
    require_device(&node, at, major, minor)?;
    let flags = rustix::fs::fcntl_getfl(&node).attempt_on(Code::MountSourceUnavailable, "fcntl", at)?;
    if !flags.contains(OFlags::RDWR) || flags.contains(OFlags::PATH) {
        return Err(Error::new(Code::MountSourceUnavailable, "fcntl").path(at).errno(libc::EACCES));
    }
    let dev = target::plain_directory(tree, "/dev")?;
    api::clear(&dev, MOUNT_ATTR_RDONLY).attempt_on(FAILED, "mount_setattr", at)?;
    if context.privileged {
        // Create a node of our own: the host's belongs to a group that no user inside is in.
        let kind = FileType::CharacterDevice;
        rustix::fs::mknodat(&dev, name, kind, Mode::from_raw_mode(0o600), rustix::fs::makedev(major, minor))
            .attempt_on(FAILED, "mknod", at)?;
        let (uid, gid) = (context.ids.uid(context.user.uid), context.ids.gid(context.user.gid));
        let (uid, gid) = (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid));
        rustix::fs::chownat(&dev, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
            .attempt_on(FAILED, "chown", at)?;
    } else {
        bind_node(&dev, name, node, at)?;
    }
    api::set(&dev, false, MOUNT_ATTR_RDONLY).attempt_on(FAILED, "mount_setattr", at)
}

/// Without root no device can be created, so this mounts the host's own nodes one by one.
fn bind_nodes(dev: &OwnedFd, at: &str) -> Result<(), Error> {
    for (name, major, minor) in NODES {
        bind_node(dev, name, host_node(name, major, minor)?, at)?;
    }
    Ok(())
}

fn bind_node(dev: &OwnedFd, name: &str, node: OwnedFd, at: &str) -> Result<(), Error> {
    let copy = api::copy(node, false).attempt_on(FAILED, "open_tree", name)?;
    api::set(&copy, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC).attempt_on(FAILED, "mount_setattr", name)?;
    let place = target::create(dev, name, at)?;
    api::attach(&copy, &place, at)
}

/// Terminals of the sandbox's own; it sees none of the host's. `ids`: if there is an id for the group of terminals.
fn make_terminals(ids: Option<Ids>) -> Result<OwnedFd, Error> {
    const TTY_GROUP: u32 = 5;
    // The kernel limits terminals for the whole host (`kernel.pty.max`): no sandbox may use up other sandboxes' share.
    const TERMINALS: &str = "128";
    let mut terminals =
        Filesystem::new("devpts", "/dev/pts")?.set("mode", "0620")?.set("ptmxmode", "0666")?.set("max", TERMINALS)?;
    if let Some(ids) = ids {
        terminals = terminals.set("gid", &ids.gid(TTY_GROUP).to_string())?;
    }
    terminals.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
}

fn make_shared_memory(plan: &Dev) -> Result<OwnedFd, Error> {
    Filesystem::new("tmpfs", "/dev/shm")?
        .set("size", &plan.shm_bytes.to_string())?
        .set("nr_inodes", &inodes_for(plan.shm_bytes).to_string())?
        .set("mode", "1777")?
        .mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
}

/// One inode for each 4 KiB, as the library gives every file system in memory, so that a flood of empty files stops at
/// the space it would have taken.
fn inodes_for(bytes: u64) -> u64 {
    bytes.div_ceil(4096).clamp(256, MAX_INODES)
}

/// The queues of this process's IPC namespace, which is the sandbox's own by now. RLIMIT_MSGQUEUE limits them.
fn place_queues(dev: &OwnedFd, at: &str) -> Result<(), Error> {
    let queues = match Filesystem::new("mqueue", "/dev/mqueue") {
        // A kernel without them (CONFIG_POSIX_MQUEUE) has no `mq_open` either.
        Err(error) if error.errno == Some(libc::ENODEV) => return Ok(()),
        other => other?,
    };
    let mount = queues.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)?;
    attach_below(dev, "mqueue", &mount, at)
}

fn attach_below(dev: &OwnedFd, name: &str, mount: &OwnedFd, at: &str) -> Result<(), Error> {
    let place = rustix::fs::openat2(dev, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::BENEATH)
        .attempt_on(FAILED, "open", at)?;
    api::attach(mount, place, at)
}
