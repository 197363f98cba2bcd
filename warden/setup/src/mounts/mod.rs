//! The mount tree of a sandbox, built in the new mount namespace by the child that will become init, before anything untrusted runs.
//!
//! As root all of it belongs to the host's user namespace: whoever is root inside later rules none of these mounts.

mod api;
mod bind;
mod device;
mod file;
mod layers;
mod prepared;
mod root;
mod target;
mod views;

use api::Filesystem;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Caller, Layers, Mount, Order, Owner, Root, RootSource, Tmpfs, User};
use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY};
pub use prepared::Prepared;
use rustix::fd::{AsFd, OwnedFd};
use rustix::mount::{MountPropagationFlags, UnmountFlags};
use std::cell::RefCell;
use std::rc::Rc;
pub use views::{Sources, View, Views, Wanted};

/// How ids inside are written in a mount option.
#[derive(Debug, Clone, Copy)]
pub enum Ids {
    /// As root: as the host counts them, the sandbox's range from `base` on.
    Range { base: u32 },
    /// Rootless: the user namespace is entered already, and has no other id than the workload's.
    Only { uid: u32, gid: u32 },
}

impl Ids {
    pub fn uid(self, inside: u32) -> u32 {
        match self {
            Self::Range { base } => base + inside,
            Self::Only { uid, .. } => uid,
        }
    }

    pub fn gid(self, inside: u32) -> u32 {
        match self {
            Self::Range { base } => base + inside,
            Self::Only { gid, .. } => gid,
        }
    }
}

/// What building needs to know beyond the mounts.
pub struct Context<'a> {
    pub caller: &'a Caller,
    pub ids: Ids,
    /// Whose the files are that are made for the workload.
    pub user: &'a User,
    /// We are root: device nodes can be made, and host files keep their owners apart from ours.
    pub privileged: bool,
    pub prepared: Option<Prepared>,
    /// The user namespaces of idmapped mounts, which name theirs.
    pub idmaps: &'a [OwnedFd],
}

impl Context<'_> {
    fn idmap(&self, owner: Owner, path: &str) -> Result<&OwnedFd, Error> {
        self.idmaps.get(usize::from(owner.idmap)).ok_or_else(|| Error::new(Code::LaunchFailed, "idmap").path(path))
    }
}

/// Runs `work` with the caller's rights over files and none of ours: nobody gets a file that they could not open themselves. Only as root,
/// in a process that has one thread.
pub fn act_as<T>(caller: &Caller, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    if caller.is_root() {
        return work(); // same rights, nothing to lend
    }
    bulkhead_sys::become_for_files(caller.uid, caller.gid, &caller.groups).attempt(Code::CallerRefused, "setfsuid")?;
    let done = work();
    // The way back must not fail half way: everything after it would run with the wrong rights.
    bulkhead_sys::become_for_files(0, 0, &[]).attempt(Code::LaunchFailed, "setfsuid")?;
    done
}

/// Nothing that is mounted from here on may show on the host, nor the other way round (systemd makes `/` shared).
pub fn detach_from_host() -> Result<(), Error> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).attempt_on(Code::MountFailed, "make private", "/")
}

/// Builds the tree, makes it the root and lets go of the host's. Returns the writable file systems, whose fill level the broker watches.
pub fn enter(order: &Order, context: &Context, views: &Views) -> Result<Vec<OwnedFd>, Error> {
    let failed = Code::MountFailed;
    let mut watched = Vec::new();
    let staging = root::Staging::for_order(order)?;
    let root = root::attach(&order.root, context, staging.as_ref(), &mut watched)?;
    let root = Rc::new(root);
    let tree = Tree {
        root: Rc::clone(&root),
        description: &order.root,
        views,
        staging: staging.as_ref(),
        reserved: RefCell::default(),
        nested: RefCell::default(),
        bound: RefCell::default(),
    };
    tree.reserve(&*root)?;
    for mount in &order.mounts {
        place(mount, &tree, context, &mut watched)?;
    }
    for nested in tree.nested.borrow().iter().filter(|nested| nested.read_only) {
        api::set(&*nested.mount, false, MOUNT_ATTR_RDONLY).attempt_on(failed, "make read-only", &nested.at)?;
    }
    if order.root.read_only {
        api::set(&*root, false, MOUNT_ATTR_RDONLY).attempt_on(failed, "make read-only", "/")?;
    }
    pivot(&*root, if staging.is_some() { 2 } else { 1 })?;
    Ok(watched)
}

/// The root under construction.
struct Tree<'a> {
    root: Rc<OwnedFd>,
    description: &'a Root,
    views: &'a Views,
    staging: Option<&'a root::Staging>,
    /// The root itself, /proc, /sys and /dev, as device and inode: nothing is mounted over these or into them.
    reserved: RefCell<Vec<(u64, u64)>>,
    /// Trees that were mounted in it.
    nested: RefCell<Vec<Nested>>,
    /// Where something of the host's was mounted, in which nothing can be made.
    bound: RefCell<Vec<String>>,
}

/// A tree in the tree, whose links must not lead out of it.
struct Nested {
    at: String,
    mount: Rc<OwnedFd>,
    growable: bool,
    /// Once everything is mounted.
    read_only: bool,
}

/// Where a path is looked up.
struct Place<'a> {
    root: Rc<OwnedFd>,
    /// Below `root`.
    path: &'a str,
    growable: bool,
}

impl Tree<'_> {
    /// The root, or the tree within it that the path is in.
    fn place<'p>(&self, path: &'p str) -> Place<'p> {
        let nested = self.nested.borrow();
        let found = nested.iter().rev().find_map(|one| {
            let rest = path.strip_prefix(&*one.at).filter(|rest| rest.starts_with('/'))?;
            Some(Place { root: Rc::clone(&one.mount), path: rest, growable: one.growable })
        });
        // Mount points can be made where the root is a file system of ours.
        let growable = self.description.overlay.is_some() || self.empty();
        found.unwrap_or_else(|| Place { root: Rc::clone(&self.root), path, growable })
    }

    fn is_nested(&self, path: &str) -> bool {
        self.nested.borrow().iter().any(|one| path.strip_prefix(&*one.at).is_some_and(|rest| rest.starts_with('/')))
    }

    fn is_bound(&self, path: &str) -> bool {
        self.bound.borrow().iter().any(|at| path.strip_prefix(&**at).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Where programs that live in a tree in the tree expect a file system of the kernel's.
    fn kernel_place(&self, path: &str) -> bool {
        self.is_nested(path) && ["/proc", "/sys", "/dev"].contains(&self.place(path).path)
    }

    fn nest(&self, layers: &Layers, mount: OwnedFd) {
        let Layers { at, overlay, read_only, .. } = layers;
        let growable = overlay.is_some();
        self.nested.borrow_mut().push(Nested {
            at: at.clone(),
            mount: Rc::new(mount),
            growable,
            read_only: *read_only,
        });
    }

    fn reserve(&self, mount: impl AsFd) -> Result<(), Error> {
        let stat = rustix::fs::fstat(mount).attempt(Code::MountFailed, "fstat")?;
        self.reserved.borrow_mut().push((stat.st_dev, stat.st_ino));
        Ok(())
    }

    fn empty(&self) -> bool {
        matches!(self.description.source, RootSource::Empty(_))
    }
}

fn place(mount: &Mount, tree: &Tree, context: &Context, watched: &mut Vec<OwnedFd>) -> Result<(), Error> {
    match mount {
        Mount::Bind(bind) => bind::place(bind, tree, context, watched),
        Mount::Layers(layers) => layers::place(layers, tree, context, watched),
        Mount::Tmpfs(tmpfs) => place_tmpfs(tmpfs, tree, context, watched),
        Mount::Proc(proc) => tree.views.place_proc(&proc.at, tree),
        Mount::Sys(at) => tree.views.place_sys(&at.at, tree),
        Mount::Mask(at) => tree.views.place_mask(&at.at, tree),
        Mount::Dev(dev) => device::place(dev, tree, context, watched),
        Mount::File(file) => file::place_file(&file.at, file.content.as_bytes(), tree),
        Mount::Symlink(link) => file::place_symlink(link, tree),
        Mount::Device(one) => device::place_one(one, tree, context),
    }
}

fn place_tmpfs(tmpfs: &Tmpfs, tree: &Tree, context: &Context, watched: &mut Vec<OwnedFd>) -> Result<(), Error> {
    let noexec = if tmpfs.exec { 0 } else { MOUNT_ATTR_NOEXEC };
    let mount = Filesystem::new("tmpfs", &tmpfs.at)?
        .set("size", &tmpfs.size_bytes.to_string())?
        .set("nr_inodes", &tmpfs.inodes.to_string())?
        .set("mode", &format!("{:o}", tmpfs.mode))?
        .set("uid", &context.ids.uid(tmpfs.uid).to_string())?
        .set("gid", &context.ids.gid(tmpfs.gid).to_string())?
        .mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | noexec)?;
    let target = if tree.kernel_place(&tmpfs.at) {
        // A user-space kernel mounts its own there, so a link of the image must lead neither there nor away from there.
        tree.reserve(&mount)?;
        target::plain_directory(tree, &tmpfs.at)?
    } else {
        target::directory(tree, &tmpfs.at)?
    };
    api::attach(&mount, &target, &tmpfs.at)?;
    watched.push(mount);
    Ok(())
}

/// `covered`: the host's root and, where there is one, the staging mount on top of it. Unmounting takes one at a time, the
/// topmost first; one too few would leave the host's files mounted inside, so the broker counts again from outside.
fn pivot(root: impl AsFd, covered: usize) -> Result<(), Error> {
    let failed = Code::MountFailed;
    rustix::process::fchdir(root).attempt_on(failed, "fchdir", "/")?;
    // Old root on top of new, then away with it: needs no directory inside for the old one.
    rustix::process::pivot_root(".", ".").attempt_on(failed, "pivot_root", "/")?;
    for _ in 0..covered {
        rustix::mount::unmount(".", UnmountFlags::DETACH).attempt_on(failed, "unmount the host's root", "/")?;
    }
    rustix::process::chdir("/").attempt_on(failed, "chdir", "/")
}
