//! The content of cgroup files that advertise a plan's limits.

/// The limits that /proc, /sys, /sys/fs/cgroup and `sched_getaffinity` show, for programs that adapt to them. In the
/// jail of `runsc`, whose own limits are wider, those that it shows its workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Advertised {
    pub memory_bytes: u64,
    pub pids: u64,
    /// The sandbox starts on this many processors, rounded up.
    pub milli_cpus: u64,
}

/// Period of the processor limit in microseconds; the quota is in the same unit.
const PERIOD_US: u64 = 100_000;

pub const CONTROLLERS: &str = "cpu memory pids\n";

/// /proc/cgroups of a kernel whose controllers are all in the v2 hierarchy. Kernels since 6.14 omit the controllers
/// that v1 lacks, and gVisor omits all of them; then Java before version 25 does not detect a container.
pub const UNIFIED: &str = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n\
    cpuset\t0\t1\t1\ncpu\t0\t1\t1\ncpuacct\t0\t1\t1\nblkio\t0\t1\t1\nmemory\t0\t1\t1\ndevices\t0\t1\t1\n\
    freezer\t0\t1\t1\nperf_event\t0\t1\t1\nhugetlb\t0\t1\t1\npids\t0\t1\t1\n";

/// The content of a file that holds one number.
#[must_use]
pub fn number(value: u64) -> String {
    format!("{value}\n")
}

impl Advertised {
    #[must_use]
    pub fn cpu_max(&self) -> String {
        format!("{} {PERIOD_US}\n", self.quota())
    }

    /// The files of a group that show limits: those of v2, and, by controller, those of v1 that programs read.
    #[must_use]
    pub fn group(&self) -> [(&'static str, String); 10] {
        [
            ("cgroup.controllers", CONTROLLERS.to_owned()),
            ("cpu.max", self.cpu_max()),
            ("memory.high", "max\n".to_owned()),
            ("memory.max", number(self.memory_bytes)),
            ("memory.swap.max", number(0)),
            ("pids.max", number(self.pids)),
            ("cpu/cpu.cfs_period_us", number(PERIOD_US)),
            ("cpu/cpu.cfs_quota_us", number(self.quota())),
            ("memory/memory.limit_in_bytes", number(self.memory_bytes)),
            ("pids/pids.max", number(self.pids)),
        ]
    }

    fn quota(&self) -> u64 {
        self.milli_cpus * PERIOD_US / 1000
    }
}

/// Directories of `group` that must exist.
pub const CONTROLLER_DIRECTORIES: [&str; 3] = ["cpu", "memory", "pids"];
