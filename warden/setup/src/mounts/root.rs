//! The root itself: host directories, read-only; a memory layer above them; or an empty file system.

use super::api::{self, Filesystem};
use super::context::Context;
use super::layers;
use super::staging::Staging;
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Root, RootSource};
use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOSUID};
use rustix::fd::OwnedFd;

/// Mounts the root over the host's.
pub fn attach(
    root: &Root,
    context: &Context,
    staging: Option<&Staging>,
    watched: &mut Vec<OwnedFd>,
) -> Result<OwnedFd, Error> {
    let lowers = match &root.source {
        RootSource::Empty(empty) => {
            let mount = Filesystem::new("tmpfs", "/")?
                .set("size", &empty.size_bytes.to_string())?
                .set("mode", "0755")?
                .mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)?;
            api::attach_over_root(&mount)?;
            return Ok(mount);
        }
        RootSource::Directory(_) | RootSource::Layers(_) => {
            context.directories(root.source.sources(), Code::RootUnavailable, "/")?
        }
    };
    let mount = match (lowers, &root.overlay, staging) {
        (mut lowers, None, _) if lowers.len() == 1 => lowers.remove(0),
        (lowers, Some(_), Some(staging)) => {
            watched.push(rustix::io::fcntl_dupfd_cloexec(&staging.mount, 3).attempt(Code::MountFailed, "dup")?);
            layers::overlay(&lowers, true, staging, context)?
        }
        (lowers, None, Some(staging)) => layers::overlay(&lowers, false, staging, context)?,
        (_, _, None) => return Err(Error::new(Code::LaunchFailed, "stage root").path("/")),
    };
    api::attach_over_root(&mount)?;
    Ok(mount)
}
