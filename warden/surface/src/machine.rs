//! The kernel, and the machine that it reports.

use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// `uname -r` and `-v`. A user-space kernel reports its own.
    pub release: String,
    pub version: String,
    /// The hypervisor according to the processor (CPUID); null if there is none.
    pub hypervisor: Option<String>,
    pub processors: usize,
    pub memory_bytes: u64,
    /// Modules that the kernel has or would still load; null if it does not say.
    pub modules: Option<usize>,
}

pub fn machine() -> Machine {
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    Machine {
        release: text("/proc/sys/kernel/osrelease"),
        version: text("/proc/version"),
        hypervisor: hypervisor(),
        processors: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        memory_bytes: memory(&text("/proc/meminfo")),
        modules: std::fs::read_to_string("/proc/modules").ok().map(|list| list.lines().count()),
    }
}

fn memory(info: &str) -> u64 {
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB"));
    total.and_then(|kib| kib.trim().parse::<u64>().ok()).map_or(0, |kib| kib.saturating_mul(1024))
}

#[cfg(target_arch = "x86_64")]
fn hypervisor() -> Option<String> {
    use std::arch::x86_64::__cpuid;
    if __cpuid(1).ecx >> 31 == 0 {
        return None;
    }
    let leaf = __cpuid(0x4000_0000);
    let bytes: Vec<u8> = [leaf.ebx, leaf.ecx, leaf.edx].iter().flat_map(|word| word.to_le_bytes()).collect();
    let name: String = bytes.iter().map(|&byte| char::from(byte)).filter(char::is_ascii_graphic).collect();
    Some(if name.is_empty() { "unnamed".to_owned() } else { name })
}

#[cfg(not(target_arch = "x86_64"))]
fn hypervisor() -> Option<String> {
    None
}
