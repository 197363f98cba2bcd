//! Limits, and which files and ports there are.

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
    /// RLIMIT_FSIZE, of what makes a wall. `None` for a workload: its file systems have an end of their own, which says ENOSPC, and this
    /// limit sends a signal that kills.
    pub file_bytes: Option<u64>,
    /// RLIMIT_MEMLOCK.
    pub locked_bytes: u64,
    /// RLIMIT_AS where no cgroup limits memory; otherwise `None`.
    pub address_space_bytes: Option<u64>,
    /// RLIMIT_NPROC where no cgroup limits processes; otherwise `None`.
    pub processes: Option<u64>,
}

/// Everything below `/` may be read and executed, or what `access` says; what `writable` names may be written, `/dev` as its nodes allow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Landlock {
    /// The kernel must offer at least this ABI, and exactly its rights are handled.
    pub abi: u32,
    pub writable: Vec<String>,
    /// Whiteouts of overlayfs may be made: which device it is, Landlock cannot see.
    #[cfg_attr(feature = "json", serde(default))]
    pub whiteouts: bool,
    /// Less than everything: then being `writable` allows no reading and no executing either.
    #[cfg_attr(feature = "json", serde(default))]
    pub access: Option<Access>,
    /// From ABI 4 on: the only TCP ports. Absent: the network namespace alone decides.
    #[cfg_attr(feature = "json", serde(default))]
    pub tcp: Option<Tcp>,
    /// POSIX message queues at /dev/mqueue may be made, used and removed. The kernel opens a queue on a mount of its own, but of the same
    /// file system; without a rule for that not even `mq_open` passes.
    #[cfg_attr(feature = "json", serde(default))]
    pub queues: bool,
    /// From ABI 9 on: where Unix sockets may be connected to that others than the sandbox made. Before that no rule is about them.
    #[cfg_attr(feature = "json", serde(default))]
    pub sockets: Vec<String>,
}

/// What a plan depends on; the whole table of ABIs is `packages/bulkhead/src/host/landlock.ts`.
impl Landlock {
    /// The first ABI whose rules are about TCP.
    pub const TCP_ABI: u32 = 4;
    /// The first that rules which Unix sockets in the file system are connected to.
    pub const SOCKETS_ABI: u32 = 9;
    /// The newest whose rights this version knows.
    pub const NEWEST_ABI: u32 = 10;
}

/// Ports of TCP, whatever the address. 0 to be bound is any that is free.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Tcp {
    pub bind: Vec<u16>,
    pub connect: Vec<u16>,
}

/// Files, or directories with all that is below them. What is not there when the sandbox starts is left out: that allows less.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Access {
    /// Files are read, and directories listed.
    pub read: Vec<String>,
    /// Directories are listed, and no more.
    #[cfg_attr(feature = "json", serde(default))]
    pub list: Vec<String>,
    /// Includes reading, without which the kernel executes nothing.
    pub execute: Vec<String>,
}
