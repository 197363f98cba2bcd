//! Files and directories of the host, each at one place inside.

use super::context::Context;
use super::tree::Tree;
use super::{api, source, target};
use bulkhead_error::{Code, Error};
use bulkhead_order::Bind;
use rustix::fd::OwnedFd;

pub fn place(bind: &Bind, tree: &Tree, context: &Context, watched: &mut Vec<OwnedFd>) -> Result<(), Error> {
    let (mount, read_only) = context.source(bind.source, &bind.at)?;
    let directory = source::is_directory(&mount, Code::MountSourceUnavailable, &bind.at)?;
    let target = if directory { target::directory(tree, &bind.at)? } else { target::file(tree, &bind.at)? };
    tree.bound.borrow_mut().push(bind.at.clone());
    api::attach(&mount, &target, &bind.at)?;
    if !read_only && answers_at_once(&mount) {
        watched.push(mount);
    }
    Ok(())
}

/// Whether asking this file system for its fill level never waits. A network server that is gone, or a caller's program
/// that serves the file system, would block the keeper, and with it every other caller.
fn answers_at_once(mount: &OwnedFd) -> bool {
    const LOCAL: [i64; 5] = [
        libc::EXT4_SUPER_MAGIC,
        libc::XFS_SUPER_MAGIC,
        libc::BTRFS_SUPER_MAGIC,
        libc::F2FS_SUPER_MAGIC,
        libc::TMPFS_MAGIC,
    ];
    rustix::fs::fstatfs(mount).is_ok_and(|stat| LOCAL.contains(&stat.f_type))
}
