//! Limits, and the files and ports that are accessible.

/// Every limit is always set: an absent limit would be an unlimited one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Limits {
    pub memory_bytes: u64,
    pub pids: u64,
    /// Thousandths of one processor.
    pub milli_cpus: u64,
    /// RLIMIT_NOFILE of the workload.
    pub open_files: u64,
    /// RLIMIT_FSIZE of a program that builds a sandbox. `None` for a workload: its file systems have a size limit of
    /// their own, which returns ENOSPC, whereas this limit sends a signal that kills.
    pub file_bytes: Option<u64>,
    /// RLIMIT_MEMLOCK.
    pub locked_bytes: u64,
    /// RLIMIT_AS where no cgroup limits memory; otherwise `None`.
    pub address_space_bytes: Option<u64>,
    /// RLIMIT_NPROC where no cgroup limits processes; otherwise `None`.
    pub processes: Option<u64>,
}

/// Everything below `/` may be read and executed, or only the paths in `access`; the paths in `writable` may be
/// written, `/dev` as its nodes allow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Landlock {
    /// The kernel must offer at least this ABI; exactly its rights are handled.
    pub abi: u32,
    pub writable: Vec<String>,
    /// Overlayfs whiteouts may be created. Landlock cannot see the device number.
    #[cfg_attr(feature = "json", serde(default))]
    pub whiteouts: bool,
    /// Narrower than everything: then being `writable` does not imply reading or executing.
    #[cfg_attr(feature = "json", serde(default))]
    pub access: Option<Access>,
    /// From ABI 4 on: the only TCP ports allowed. If absent, only the network namespace limits ports.
    #[cfg_attr(feature = "json", serde(default))]
    pub tcp: Option<Tcp>,
    /// POSIX message queues at /dev/mqueue may be created, used and removed. The kernel opens a queue through another
    /// mount of the same file system; without a rule for that, even `mq_open` fails.
    #[cfg_attr(feature = "json", serde(default))]
    pub queues: bool,
    /// From ABI 9 on: where Unix sockets created outside the sandbox may be connected to. Earlier ABIs have no rule
    /// about them.
    #[cfg_attr(feature = "json", serde(default))]
    pub sockets: Vec<String>,
}

/// The ABIs that a plan depends on; `packages/bulkhead/src/host/landlock.ts` has the whole table.
impl Landlock {
    /// The first ABI with rules about TCP.
    pub const TCP_ABI: u32 = 4;
    /// The first ABI with rules about connecting to Unix sockets in the file system.
    pub const SOCKETS_ABI: u32 = 9;
    /// The newest ABI whose rights this version knows.
    pub const NEWEST_ABI: u32 = 10;
}

/// TCP ports, for any address. Binding 0 means any free port.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Tcp {
    pub bind: Vec<u16>,
    pub connect: Vec<u16>,
}

/// Files, or directories with everything below them. Paths that do not exist when the sandbox starts are skipped, which
/// allows less.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Access {
    /// Files may be read, and directories listed.
    pub read: Vec<String>,
    /// Directories may be listed only.
    #[cfg_attr(feature = "json", serde(default))]
    pub list: Vec<String>,
    /// Includes reading, without which the kernel executes nothing.
    pub execute: Vec<String>,
}
