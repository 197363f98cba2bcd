//! Where a tree is assembled, and where its writable layer is.

use super::api::{self, Filesystem};
use bulkhead_error::{Attempt, Code, Error};
use bulkhead_order::{Mount, Order, Overlay, RootSource};
use bulkhead_sys::{MOUNT_ATTR_NODEV, MOUNT_ATTR_NOSUID};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, ResolveFlags};

/// A tmpfs over the host's root that holds the parts of the tree; it disappears with the host's root.
pub struct Staging {
    pub mount: OwnedFd,
}

impl Staging {
    /// `None` if nothing needs it.
    pub fn for_order(order: &Order) -> Result<Option<Self>, Error> {
        let empty = matches!(order.root.source, RootSource::Empty(_));
        // Files created in an empty root need no staging; files that cover a host path do.
        let below = |at: &str, place: &str| at.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'));
        let bound =
            |at: &str| order.mounts.iter().any(|mount| matches!(mount, Mount::Bind(bind) if below(at, &bind.at)));
        let files = order.mounts.iter().any(|mount| match mount {
            Mount::Text(file) => !empty || bound(&file.at),
            _ => false,
        });
        let stacked = matches!(&order.root.source, RootSource::Layers(layers) if layers.len() > 1)
            || order.mounts.iter().any(|mount| matches!(mount, Mount::Layers(_)));
        let size = match &order.root.overlay {
            Some(overlay) => overlay.clone(),
            None if files || stacked => Overlay { size_bytes: 8 << 20, inodes: 1024 },
            None => return Ok(None),
        };
        let mount = Self::filesystem(&size)?;
        api::attach_over_root(&mount)?;
        Ok(Some(Self { mount }))
    }

    /// A nested staging area with a size limit of its own.
    pub fn with_room(&self, name: &str, size: &Overlay) -> Result<Self, Error> {
        let mount = Self::filesystem(size)?;
        api::attach(&mount, self.make(name)?, "/")?;
        Ok(Self { mount })
    }

    fn filesystem(size: &Overlay) -> Result<OwnedFd, Error> {
        Filesystem::new("tmpfs", "/")?
            .set("size", &size.size_bytes.to_string())?
            .set("nr_inodes", &size.inodes.to_string())?
            .set("mode", "0755")?
            .mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
    }

    pub fn make(&self, name: &str) -> Result<OwnedFd, Error> {
        rustix::fs::mkdirat(&self.mount, name, Mode::from_raw_mode(0o755)).attempt_on(
            Code::MountFailed,
            "mkdir",
            name,
        )?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat2(&self.mount, name, flags, Mode::empty(), ResolveFlags::BENEATH).attempt_on(
            Code::MountFailed,
            "open",
            name,
        )
    }
}
