//! The broker's facts about its host, sent in `hello`: the warden's part of the host report.

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Facts {
    /// `uname -r`.
    pub kernel: String,
    /// The broker's uid, in its own user namespace.
    pub uid: u32,
    /// True when the broker holds CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID in the initial user namespace: it can launch
    /// sandboxes with a uid range of their own.
    pub privileged: bool,
    /// The connected caller, from `SO_PEERCRED`.
    pub caller_uid: u32,
    pub caller_gid: u32,
    /// Names from `/proc/self/ns`, without `_for_children`.
    #[cfg_attr(feature = "schema", schemars(length(max = 64), inner(length(max = 64))))]
    pub namespaces: Vec<String>,
    /// Whether user namespaces work, determined by creating one.
    pub userns: Userns,
    pub cgroup: CgroupFacts,
    /// Actions of `SECCOMP_GET_ACTION_AVAIL` that exist: `kill_process errno user_notif log …`.
    #[cfg_attr(feature = "schema", schemars(length(max = 64), inner(length(max = 64))))]
    pub seccomp_actions: Vec<String>,
    /// 0: the kernel has no Landlock, or it is off.
    pub landlock_abi: u32,
    /// `/sys/module/apparmor/parameters/enabled` is Y.
    pub apparmor: bool,
    /// `/sys/fs/selinux/enforce` is 1.
    pub selinux: bool,
    pub ceilings: Ceilings,
    /// `mount_setattr`, `open_tree` and `fsopen` exist.
    pub new_mount_api: bool,
}

/// The most that this broker can give a sandbox of resources that no cgroup limits. These are the broker's own hard
/// limits, or the kernel's if it may raise those.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Ceilings {
    /// RLIMIT_NOFILE: `fs.nr_open`, or the hard limit.
    pub open_files: u64,
    /// RLIMIT_NPROC; `None`: no limit.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub processes: Option<u64>,
    /// RLIMIT_AS; `None`: no limit.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub address_space_bytes: Option<u64>,
    /// Memory and processors of the machine.
    pub memory_bytes: u64,
    pub processors: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Userns {
    pub works: bool,
    /// If they do not work: the errno of clone or of writing the map.
    pub errno: Option<i32>,
    /// `kernel.apparmor_restrict_unprivileged_userns`, if it exists.
    pub apparmor_restricted: Option<bool>,
    /// `kernel.unprivileged_userns_clone`, if it exists.
    pub unprivileged_clone: Option<bool>,
    /// `user.max_user_namespaces`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub maximum: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct CgroupFacts {
    /// The mounted versions: `v2`, `v1`, `hybrid` or `none`.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["v2", "v1", "hybrid", "none"])))]
    pub layout: String,
    /// The version in which the broker can create limited groups: 2, 1, or 0 for none.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = [0, 1, 2])))]
    pub version: u8,
    /// The controllers of `memory pids cpu` with which it can set limits; and `freezer` where pause works.
    #[cfg_attr(feature = "schema", schemars(length(max = 64), inner(length(max = 64))))]
    pub controllers: Vec<String>,
    /// The directory (v2) below which sandboxes' groups are created, or that of the pids controller (v1).
    pub parent: Option<String>,
    /// Why there are none, or fewer than three.
    pub why: Option<String>,
}

/// The maximum that a plan may ask for; `None` if the owner set no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(rename_all = "camelCase"))]
pub struct Maxima {
    pub memory_bytes: Option<u64>,
    pub pids: Option<u64>,
    pub milli_cpus: Option<u64>,
    /// Live sandboxes of each caller.
    pub sandboxes: Option<u64>,
}
