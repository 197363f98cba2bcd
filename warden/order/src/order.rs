//! One launch.

use crate::advertised::Advertised;
use crate::confinement::{Landlock, Limits};
use crate::filter::Filters;
use crate::kinds::{Controller, Level, Namespace};
use crate::mounts::{Mount, Root, Source, SourceNumber};
use crate::program::{Descriptor, Program};
use crate::wire::Bytes;

/// Files and directories of the host in one order.
pub const MAX_SOURCES: usize = 1024;
/// More idmapped mounts than this in one order are refused: each costs a user namespace.
pub const MAX_IDMAPS: usize = 64;
/// Maximum bytes of an order. The text of a plan is at most half of this, and most of an order is text of the plan too.
pub const MAX_BYTES: usize = 2 << 20;

/// The caller, whose rights decide which host files a sandbox may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}

impl Caller {
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    pub fn has_group(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }
}

/// Ids inside, each at most 65,535.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}

/// Processors to choose from, those with the fewest sandboxes first; the first `equal` of them have equally few.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// 0 if the sandbox needs all of them.
    pub wanted: u32,
    pub equal: u32,
    pub processors: Vec<u32>,
}

/// One launch.
#[derive(Debug, Clone)]
pub struct Order {
    /// Names the sandbox.
    pub id: String,
    pub level: Level,
    /// The namespaces that it has of its own.
    pub namespaces: Vec<Namespace>,
    /// 2, 1, or 0 for none.
    pub cgroup_version: u8,
    /// The controllers whose limit must be in force.
    pub controllers: Vec<Controller>,
    /// The host paths to open; each is mounted once.
    pub sources: Vec<Source>,
    /// Only if the sandbox has a uts namespace.
    pub hostname: Option<String>,
    pub root: Root,
    /// Executed in this order, after the root.
    pub mounts: Vec<Mount>,
    pub limits: Limits,
    /// `None`: programs see the processors and the memory of the host.
    pub advertised: Option<Advertised>,
    pub filters: Filters,
    pub landlock: Option<Landlock>,
    /// Name of an AppArmor profile that is already loaded.
    pub apparmor: Option<String>,
    /// The SELinux label with which the program is executed.
    pub selinux: Option<String>,
    /// Loopback answers for 198.18.0.0/15.
    pub reserved_addresses: bool,
    /// The owner of files created for the workload.
    pub owner: User,
    /// The user that the program starts as.
    pub user: User,
    /// The capabilities that it keeps, one bit each as the kernel numbers them.
    pub capabilities: u64,
    /// It may still make capabilities ambient, as `runsc` does for its children.
    pub hands_on: bool,
    pub program: Program,
}

/// Values that come from the process that runs the order, not from the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub caller: Caller,
    pub offer: Offer,
}

/// The input of setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    pub terms: Terms,
    /// An order as it was encoded, and checked by the keeper.
    pub order: Bytes,
}

impl Order {
    pub fn has(&self, namespace: Namespace) -> bool {
        self.namespaces.contains(&namespace)
    }

    /// Whether the root is made of this source.
    pub fn is_root(&self, source: SourceNumber) -> bool {
        self.root.source.sources().contains(&source)
    }

    /// Whether this source is one of [`crate::DEVICES`].
    pub fn is_device(&self, source: SourceNumber) -> bool {
        self.mounts.iter().any(|mount| matches!(mount, Mount::Device(device) if device.source == source))
    }

    /// The number of connections that travel with the order, besides the channel.
    pub fn attached(&self) -> usize {
        self.program.descriptors.iter().filter(|one| matches!(one, Descriptor::Attached(_))).count()
    }
}
