//! The shape of a plan. Ranges and relations between fields are checked in `validate`.

pub use crate::accounts::{Account, Group, GroupFile, Passwd};
use crate::custom::CustomProfile;
pub use crate::payload::Payload;
pub use bulkhead_order::{
    Access, Advertised, At, Controller, DEVICES, Dev, File, Landlock, Level, Limits, MAX_INODES, Namespace, OneOwner,
    Overlay, Owner, Proc, RootEmpty, STORE_RANGE, StoreOwner, Symlink, Tcp, Tmpfs, User,
};
use serde::{Deserialize, Serialize};

/// One sandbox, complete. Unknown fields are refused at every depth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Plan {
    /// Always 1.
    #[cfg_attr(feature = "schema", schemars(extend("const" = 1)))]
    pub version: u32,
    /// Names the sandbox in control messages and in its cgroup: `[a-z0-9][a-z0-9-]{7,39}`.
    pub id: String,
    pub level: Level,
    /// Host name inside, `[a-z0-9-]{1,63}`; only set if there is a uts namespace.
    pub hostname: String,
    /// The namespaces to create: `mount`, `pid`, `ipc` and `net` always, the rest by level and host.
    pub namespaces: Vec<Namespace>,
    /// The workload's user, in ids as seen inside.
    pub user: User,
    pub root: Root,
    /// Executed in this order, after the root.
    pub mounts: Vec<Mount>,
    pub limits: Limits,
    /// `None`: programs see the processors and the memory of the host.
    #[serde(default)]
    pub advertised: Option<Advertised>,
    pub cgroup: Cgroup,
    pub seccomp: Seccomp,
    /// `None`: Landlock is not applied (and the enforcement table said so).
    pub landlock: Option<Landlock>,
    /// Capabilities left to the workload, without `CAP_`; empty but for a `container` with a user namespace.
    pub capabilities: Vec<String>,
    /// Name of an AppArmor profile that is loaded already.
    pub apparmor: Option<String>,
    /// The SELinux label with which the payload is executed: user, role, type, and further parts that the host's policy
    /// has.
    #[serde(default)]
    pub selinux: Option<String>,
    /// Loopback answers for 198.18.0.0/15, of which each allowed name gets an address.
    #[serde(default)]
    pub reserved_addresses: bool,
    /// The program that the confined child executes. `init` if absent.
    #[serde(default)]
    pub payload: Payload,
    /// `microvm` only: the plan that the guest's supervisor executes, which the host does not examine.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub inner: Option<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Root {
    pub source: RootSource,
    /// Whether the workload's root is read-only, after all mounts.
    pub read_only: bool,
    /// A writable memory layer above `source`: needed for `read_only: false` on a directory, and if mount points are
    /// missing in it.
    pub overlay: Option<Overlay>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum RootSource {
    /// A host directory, always mounted read-only.
    Directory(RootDirectory),
    /// Host directories on top of each other, like an image's layers, always mounted read-only.
    Layers(RootLayers),
    /// An empty tmpfs, filled by `mounts`.
    Empty(RootEmpty),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RootDirectory {
    /// Absolute and canonical; a symbolic link anywhere in it is refused.
    pub path: String,
    pub owner: Option<Owner>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RootLayers {
    /// Each as `RootDirectory::path`; the topmost first, as overlayfs counts. Its whiteouts (character device 0:0) hide
    /// files of lower layers.
    pub layers: Vec<String>,
    pub owner: Option<Owner>,
}

/// `at` is absolute, inside, without `.`, `..`, empty parts or a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Mount {
    Bind(Bind),
    /// A tree of layers at another place than the root: for a sandbox inside the sandbox, or to be read.
    Layers(Layers),
    Tmpfs(Tmpfs),
    /// /proc of the sandbox's own pid namespace.
    Proc(Proc),
    /// A minimal /dev: null zero full random urandom tty ptmx pts fd stdin stdout stderr shm mqueue.
    Dev(Dev),
    /// A /sys with only the files that programs need to count processors and, where the plan advertises limits,
    /// /sys/fs/cgroup; read-only.
    Sys(At),
    /// Hides a file or directory behind an empty one, if it exists.
    Mask(At),
    /// A read-only file with this content. In a root of kind `empty` setup creates it. Elsewhere, and below a bind, it
    /// covers the existing file, or one created in the memory layer above the root.
    File(File),
    /// A read-only file like `File`, with the users of the sandbox.
    Passwd(Passwd),
    /// A read-only file like `File`, with the groups of the sandbox.
    Group(GroupFile),
    /// Only in a root of kind `empty`.
    Symlink(Symlink),
    /// One of a few host devices, accessible only to the plan's user; only with a payload of kind `program`.
    Device(Device),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Device {
    /// One of [`DEVICES`]; the caller must be able to open it for reading and writing.
    pub path: String,
    /// The same path, by which programs know it.
    pub at: String,
}

/// Always nosuid and nodev.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Bind {
    /// A host path as `RootDirectory::path`; opened with the caller's credentials.
    pub source: String,
    pub at: String,
    pub read_only: bool,
    /// False: mounted noexec.
    pub exec: bool,
    pub owner: Option<Owner>,
}

/// Always nosuid and nodev. Mount points within it are resolved in it: its links do not lead out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Layers {
    pub at: String,
    /// As in [`RootLayers`].
    pub layers: Vec<String>,
    pub owner: Option<Owner>,
    /// A writable memory layer above them; without one the tree is read-only.
    pub overlay: Option<Overlay>,
    /// Whether the writable layer becomes read-only after all mounts: it then only holds mount points.
    #[serde(default)]
    pub read_only: bool,
    /// False: mounted noexec.
    pub exec: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Cgroup {
    /// 2, 1, or 0 for none.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = [0, 1, 2])))]
    pub version: u8,
    /// The controllers whose limit must be in force: a launch that cannot set one is refused.
    pub controllers: Vec<Controller>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Seccomp {
    /// The base filter, in force for the payload and all its descendants.
    pub profile: SeccompProfile,
    /// Refuse to create set-user-id and set-group-id files: whenever a host directory is writable.
    pub deny_setid: bool,
    /// Refuse every socket but AF_UNIX.
    pub unix_sockets_only: bool,
    /// Allow creating overlayfs whiteouts: character devices 0:0, which open nothing. The kernel lets any user create
    /// these, and no other devices.
    #[serde(default)]
    pub whiteouts: bool,
}

/// The name of one of [`crate::profile::PROFILES`], or a complete profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum SeccompProfile {
    Named(
        #[cfg_attr(feature = "schema", schemars(extend("enum" = crate::profile::PROFILES.map(|(name, _)| name))))]
        String,
    ),
    Custom(CustomProfile),
}

impl From<&str> for SeccompProfile {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}
