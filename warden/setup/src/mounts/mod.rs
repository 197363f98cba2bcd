//! The mount tree of a sandbox. The child that will become init builds it in the new mount namespace, before untrusted
//! code runs.
//!
//! As root, the whole tree belongs to the host's user namespace: root inside later controls none of these mounts.

mod api;
mod bind;
mod context;
mod device;
mod file;
mod ids;
mod layers;
mod root;
pub mod source;
mod staging;
mod target;
mod tree;
mod views;

use api::Filesystem;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Mount, Order, Tmpfs};
use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY};
pub use context::{Context, Prepared};
pub use device::prepare;
pub use ids::Ids;
use rustix::fd::{AsFd, OwnedFd};
use rustix::mount::{MountPropagationFlags, UnmountFlags};
use staging::Staging;
use std::cell::RefCell;
use std::rc::Rc;
use tree::Tree;
pub use views::{Sources, View, ViewRequest, Views};

/// Later mounts must not propagate to the host, nor the host's to here (systemd makes `/` shared).
pub fn detach_from_host() -> Result<(), Error> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).attempt_on(Code::MountFailed, "make private", "/")
}

/// Builds the tree, makes it the root and unmounts the host's. Returns the writable file systems, whose fill level the
/// broker watches.
pub fn enter(order: &Order, context: &Context, views: &Views) -> Result<Vec<OwnedFd>, Error> {
    let failed = Code::MountFailed;
    let mut watched = Vec::new();
    let staging = Staging::for_order(order)?;
    let root = root::attach(&order.root, context, staging.as_ref(), &mut watched)?;
    let root = Rc::new(root);
    let tree = Tree {
        root: Rc::clone(&root),
        description: &order.root,
        staging: staging.as_ref(),
        reserved: RefCell::default(),
        nested: RefCell::default(),
        bound: RefCell::default(),
    };
    tree.reserve(&*root)?;
    for mount in &order.mounts {
        place(mount, &tree, views, context, &mut watched)?;
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

fn place(
    mount: &Mount,
    tree: &Tree,
    views: &Views,
    context: &Context,
    watched: &mut Vec<OwnedFd>,
) -> Result<(), Error> {
    match mount {
        Mount::Bind(bind) => bind::place(bind, tree, context, watched),
        Mount::Layers(layers) => layers::place(layers, tree, context, watched),
        Mount::Tmpfs(tmpfs) => place_tmpfs(tmpfs, tree, context, watched),
        Mount::Proc(proc) => views.place_proc(&proc.at, tree),
        Mount::Sys(at) => views.place_sys(&at.at, tree),
        Mount::Mask(at) => views.place_mask(&at.at, tree),
        Mount::Dev(dev) => device::place(dev, tree, context, watched),
        Mount::Text(text) => file::place_file(&text.at, context.ids.text(&text.content).as_bytes(), tree),
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
        // A user-space kernel mounts its own here, so a link of the image must lead neither to this place nor away from
        // it.
        tree.reserve(&mount)?;
        target::plain_directory(tree, &tmpfs.at)?
    } else {
        target::directory(tree, &tmpfs.at)?
    };
    api::attach(&mount, &target, &tmpfs.at)?;
    watched.push(mount);
    Ok(())
}

/// `covered`: the number of mounts to remove: the host's root and, if present, the staging mount on top of it. Each
/// unmount removes one, the topmost first. One too few would leave the host's files mounted inside, so the broker
/// counts again from outside.
fn pivot(root: impl AsFd, covered: usize) -> Result<(), Error> {
    let failed = Code::MountFailed;
    rustix::process::fchdir(root).attempt_on(failed, "fchdir", "/")?;
    // Pivots the old root on top of the new one, then unmounts it: that needs no directory inside for the old one.
    rustix::process::pivot_root(".", ".").attempt_on(failed, "pivot_root", "/")?;
    for _ in 0..covered {
        rustix::mount::unmount(".", UnmountFlags::DETACH).attempt_on(failed, "unmount the host's root", "/")?;
    }
    rustix::process::chdir("/").attempt_on(failed, "chdir", "/")
}
