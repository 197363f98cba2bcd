//! The mount tree.

use crate::owner::Owner;

macro_rules! shared {
    ($($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? })+) => {
        $($(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type),*
        })+
    };
}

shared! {
    struct RootEmpty {
        size_bytes: u64,
    }

    struct Overlay {
        size_bytes: u64,
        inodes: u64,
    }

    struct At {
        at: String,
    }

    struct Proc {
        at: String,
        /// False: read-only as a whole. True only in the jail of `runsc`, which writes its children's id maps there.
        #[cfg_attr(feature = "json", serde(default))]
        writable: bool,
    }

    /// Always nosuid and nodev.
    struct Tmpfs {
        at: String,
        size_bytes: u64,
        inodes: u64,
        /// Permission bits, at most 0o1777.
        mode: u32,
        /// Owner, inside.
        uid: u32,
        gid: u32,
        exec: bool,
    }

    struct Dev {
        at: String,
        /// Size of /dev/shm.
        shm_bytes: u64,
        /// Mounts the POSIX message queues of the sandbox's IPC namespace at /dev/mqueue, if the kernel has them.
        #[cfg_attr(feature = "json", serde(default))]
        mqueue: bool,
    }

    struct File {
        at: String,
        /// At most 384 KiB.
        content: String,
    }

    struct Symlink {
        at: String,
        target: String,
    }
}

/// For a file system in memory: the kernel counts inodes in 32 bits, some of its counters signed.
pub const MAX_INODES: u64 = 1 << 31;

/// Devices that may be named, with their numbers: both are registered permanently
/// (`Documentation/admin-guide/devices.txt`).
pub const DEVICES: [(&str, u32, u32); 2] = [("/dev/kvm", 10, 232), ("/dev/vhost-vsock", 10, 241)];

/// A file or directory of the host, mounted at one place: nosuid, nodev, and with the restrictions of these fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Absolute; a symbolic link anywhere in it is refused. The process that opened the source provides it, and error
    /// messages name it.
    pub path: String,
    /// True for a device, whose node stays as it is.
    pub read_only: bool,
    /// False: mounted noexec.
    pub exec: bool,
    pub owner: Option<Owner>,
}

/// Index of a source in [`crate::Order::sources`].
pub type SourceNumber = u16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    pub source: RootSource,
    /// Whether the workload's root is read-only, after all mounts.
    pub read_only: bool,
    /// A writable layer above `source`, in memory.
    pub overlay: Option<Overlay>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootSource {
    /// A host directory, always mounted read-only.
    Directory(SourceNumber),
    /// Host directories on top of each other, like an image's layers, always mounted read-only; the topmost first, as
    /// overlayfs counts.
    Layers(Vec<SourceNumber>),
    /// An empty tmpfs, filled by `mounts`.
    Empty(RootEmpty),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    Bind(Bind),
    /// A tree of layers at another place than the root.
    Layers(Layers),
    Tmpfs(Tmpfs),
    /// /proc of the sandbox's own pid namespace.
    Proc(Proc),
    /// A minimal /dev: null zero full random urandom tty ptmx pts fd stdin stdout stderr shm mqueue.
    Dev(Dev),
    /// A /sys with only the files that programs need to count processors and, where limits are advertised,
    /// /sys/fs/cgroup; read-only.
    Sys(At),
    /// Hides a file or directory behind an empty one, if it exists.
    Mask(At),
    /// A read-only file with this content. In an empty root setup creates it. Elsewhere it covers the existing file, or
    /// one created in the memory layer above the root.
    Text(Text),
    /// Only in an empty root.
    Symlink(Symlink),
    /// One of a few host devices, accessible only to the order's owner. Its source is the device, opened for reading
    /// and writing: that descriptor proves that the caller may use it.
    Device(Bind),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    pub source: SourceNumber,
    pub at: String,
}

/// Always nosuid and nodev. Mount points within it are resolved in it: its links do not lead out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layers {
    pub at: String,
    /// The topmost first.
    pub layers: Vec<SourceNumber>,
    /// A writable memory layer above them; without one the tree is read-only.
    pub overlay: Option<Overlay>,
    /// Whether the writable layer becomes read-only after all mounts: it then only holds mount points.
    pub read_only: bool,
    /// False: mounted noexec.
    pub exec: bool,
}

/// As [`File`], in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub at: String,
    pub content: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// An id inside, written in decimal as the host counts it: the front does not know the sandbox's range.
    Id(u32),
}

impl RootSource {
    pub fn sources(&self) -> &[SourceNumber] {
        match self {
            Self::Directory(one) => std::slice::from_ref(one),
            Self::Layers(layers) => layers,
            Self::Empty(_) => &[],
        }
    }
}

impl Mount {
    pub fn sources(&self) -> &[SourceNumber] {
        match self {
            Self::Bind(bind) | Self::Device(bind) => std::slice::from_ref(&bind.source),
            Self::Layers(tree) => &tree.layers,
            _ => &[],
        }
    }

    /// Its place inside.
    pub fn at(&self) -> &str {
        match self {
            Self::Bind(mount) | Self::Device(mount) => &mount.at,
            Self::Layers(mount) => &mount.at,
            Self::Tmpfs(mount) => &mount.at,
            Self::Proc(mount) => &mount.at,
            Self::Sys(mount) | Self::Mask(mount) => &mount.at,
            Self::Dev(mount) => &mount.at,
            Self::Text(mount) => &mount.at,
            Self::Symlink(mount) => &mount.at,
        }
    }
}
