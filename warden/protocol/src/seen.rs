//! The keeper's view of a sandbox, from outside.

use bulkhead_order::Namespace;

macro_rules! seen {
    ($($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? })+) => {
        $($(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[cfg_attr(feature = "json", derive(serde::Serialize))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "json", serde(rename_all = "camelCase"))]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type),*
        })+
    };
}

seen! {
    struct Evidence {
        init: Process,
        /// The processes inside, when requested: the first `MAX_PROCESSES` of them.
        #[cfg_attr(feature = "json", serde(skip_serializing_if = "Option::is_none"))]
        processes: Option<Vec<Process>>,
        cgroup: InForce,
        mounts: Mounts,
    }

    struct Mounts {
        root_read_only: bool,
        /// Mounts on `/`: more than one means that the host's root is still there below or above it.
        #[cfg_attr(feature = "json", serde(skip))]
        roots: u32,
        count: u32,
    }

    /// One process; ids as the host counts them, sets as hexadecimal.
    struct Process {
        /// Process id on the host.
        #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
        pid: i32,
        /// Real, effective, saved and file system uid on the host.
        uid: Vec<u32>,
        gid: Vec<u32>,
        capabilities: Capabilities,
        no_new_privs: bool,
        /// 0: none, 1: strict, 2: filters.
        #[cfg_attr(feature = "schema", schemars(extend("enum" = [0, 1, 2])))]
        seccomp: u32,
        seccomp_filters: u32,
        /// By name; `own`: whether the namespace differs from the keeper's.
        #[cfg_attr(feature = "json", serde(serialize_with = "by_name"))]
        #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, String>", extend("additionalProperties" = { "type": "string", "enum": ["own", "host"] })))]
        namespaces: Vec<OneNamespace>,
        lsm: Option<String>,
    }

    struct Capabilities {
        #[cfg_attr(feature = "schema", schemars(length(max = 16), regex(pattern = "^[0-9a-f]+$")))]
        permitted: String,
        #[cfg_attr(feature = "schema", schemars(length(max = 16), regex(pattern = "^[0-9a-f]+$")))]
        effective: String,
        #[cfg_attr(feature = "schema", schemars(length(max = 16), regex(pattern = "^[0-9a-f]+$")))]
        bounding: String,
        #[cfg_attr(feature = "schema", schemars(length(max = 16), regex(pattern = "^[0-9a-f]+$")))]
        ambient: String,
    }

    struct Stats {
        #[cfg_attr(feature = "json", serde(flatten))]
        counters: Counters,
        /// Whether one of the sandbox's own writable file systems had no free block or inode at a check.
        disk_full: Option<bool>,
    }
}

/// The maximum number of processes in one answer. The workload chooses their number, which must neither make the answer
/// longer than a library reads, since that would cost it the connection and all its sandboxes, nor keep the keeper from
/// serving others.
pub const MAX_PROCESSES: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneNamespace {
    pub namespace: Namespace,
    /// Whether it differs from the keeper's.
    pub own: bool,
}

#[cfg(feature = "json")]
fn by_name<S: serde::Serializer>(all: &[OneNamespace], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(all.iter().map(|one| (one.namespace, if one.own { "own" } else { "host" })))
}

/// Counters of a sandbox; `None` where nothing counts it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(rename_all = "camelCase"))]
pub struct Counters {
    pub memory_bytes: Option<u64>,
    pub memory_peak_bytes: Option<u64>,
    pub cpu_us: Option<u64>,
    pub pids: Option<u64>,
    /// How often the kernel killed a process inside for lack of memory.
    pub oom_kills: Option<u64>,
    /// How often the kernel refused a process or thread because of the limit.
    pub pids_exceeded: Option<u64>,
}

/// The limits as the kernel returns them; `None` without that controller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(rename_all = "camelCase"))]
pub struct InForce {
    #[cfg_attr(feature = "schema", schemars(extend("enum" = [0, 1, 2])))]
    pub version: u8,
    pub memory_max: Option<u64>,
    pub pids_max: Option<u64>,
    /// Thousandths of a processor.
    pub cpu_max: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(rename_all = "lowercase"))]
pub enum Cause {
    /// Init exited, or its connection closed.
    Exited,
    /// A caller ended it.
    Killed,
    /// The protections in force differed from the order.
    Failed,
}
