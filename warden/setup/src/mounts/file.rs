//! Small files and links from the plan itself, such as /etc/passwd.

use super::tree::Tree;
use super::{api, target};
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::Symlink;
use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY};
use std::io::Write;

/// In an empty root, creates the file; above an image or a host path, covers the existing one.
pub fn place_file(at: &str, content: &[u8], tree: &Tree) -> Result<(), Error> {
    // A nested tree of layers is treated like an image.
    if tree.empty() && !tree.is_nested(at) && !tree.is_bound(at) {
        let (parent, name) = target::parent_of(tree, at)?;
        return write(target::create(&parent, name, at)?, at, content);
    }
    let staging = tree.staging.ok_or_else(|| Error::new(Code::LaunchFailed, "stage file").path(at))?;
    let name = at.replace('/', "!");
    let source = target::create(&staging.mount, &name, at)?;
    let cover = api::copy(&source, false).attempt_on(Code::MountFailed, "open_tree", at)?;
    write(source, at, content)?;
    let attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    api::set(&cover, false, attributes).attempt_on(Code::MountFailed, "mount_setattr", at)?;
    api::attach(&cover, target::file(tree, at)?, at)
}

pub fn place_symlink(link: &Symlink, tree: &Tree) -> Result<(), Error> {
    let (parent, name) = target::parent_of(tree, &link.at)?;
    rustix::fs::symlinkat(&*link.target, &parent, name).attempt_on(Code::MountTargetUnavailable, "symlink", &link.at)
}

fn write(fd: rustix::fd::OwnedFd, at: &str, content: &[u8]) -> Result<(), Error> {
    std::fs::File::from(fd).write_all(content).attempt_on(Code::MountFailed, "write", at)
}
