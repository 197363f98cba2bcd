//! The root under construction.

use super::staging::Staging;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Layers, Root, RootSource};
use rustix::fd::{AsFd, OwnedFd};
use std::cell::RefCell;
use std::rc::Rc;

/// The root under construction.
pub struct Tree<'a> {
    pub root: Rc<OwnedFd>,
    pub description: &'a Root,
    pub staging: Option<&'a Staging>,
    /// Device and inode of the root itself, /proc, /sys and /dev: other mounts must not be on or in these.
    pub reserved: RefCell<Vec<(u64, u64)>>,
    /// Trees that are mounted in it.
    pub nested: RefCell<Vec<Nested>>,
    /// Where host paths are mounted, in which nothing can be created.
    pub bound: RefCell<Vec<String>>,
}

/// A nested tree, whose links must not lead out of it.
pub struct Nested {
    pub at: String,
    pub mount: Rc<OwnedFd>,
    pub growable: bool,
    /// Read-only after all mounts.
    pub read_only: bool,
}

/// The starting point of a path look-up.
pub struct Place<'a> {
    pub root: Rc<OwnedFd>,
    /// Relative to `root`.
    pub path: &'a str,
    pub growable: bool,
}

impl Tree<'_> {
    /// The root, or the nested tree that contains the path.
    pub fn place<'p>(&self, path: &'p str) -> Place<'p> {
        let nested = self.nested.borrow();
        let found = nested.iter().rev().find_map(|one| {
            let rest = path.strip_prefix(&*one.at).filter(|rest| rest.starts_with('/'))?;
            Some(Place { root: Rc::clone(&one.mount), path: rest, growable: one.growable })
        });
        // Setup can create mount points if it created the root file system itself.
        let growable = self.description.overlay.is_some() || self.empty();
        found.unwrap_or_else(|| Place { root: Rc::clone(&self.root), path, growable })
    }

    pub fn is_nested(&self, path: &str) -> bool {
        self.nested.borrow().iter().any(|one| path.strip_prefix(&*one.at).is_some_and(|rest| rest.starts_with('/')))
    }

    pub fn is_bound(&self, path: &str) -> bool {
        self.bound.borrow().iter().any(|at| path.strip_prefix(&**at).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Where programs in a nested tree expect a file system of the kernel's.
    pub fn kernel_place(&self, path: &str) -> bool {
        self.is_nested(path) && ["/proc", "/sys", "/dev"].contains(&self.place(path).path)
    }

    pub fn nest(&self, layers: &Layers, mount: OwnedFd) {
        let Layers { at, overlay, read_only, .. } = layers;
        let growable = overlay.is_some();
        self.nested.borrow_mut().push(Nested {
            at: at.clone(),
            mount: Rc::new(mount),
            growable,
            read_only: *read_only,
        });
    }

    pub fn reserve(&self, mount: impl AsFd) -> Result<(), Error> {
        let stat = rustix::fs::fstat(mount).attempt(Code::MountFailed, "fstat")?;
        self.reserved.borrow_mut().push((stat.st_dev, stat.st_ino));
        Ok(())
    }

    pub fn empty(&self) -> bool {
        matches!(self.description.source, RootSource::Empty(_))
    }
}
