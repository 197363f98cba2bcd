//! The texts of the views: the kernel's own formats, filled in with the limits that the plan advertises. The only host
//! data in them are the features of each processor and the boot time: any program can find out both without a file.

use std::fmt::Write;

/// The kernel's format of processor lists: `0-2,5`.
pub fn list(processors: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &number in processors {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let words: Vec<String> = ranges
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") })
        .collect();
    format!("{}\n", words.join(","))
}

/// These blocks of the host's /proc/cpuinfo, as one package with this many cores.
pub fn cpuinfo(described: &[(u32, String)], processors: &[u32]) -> String {
    let mut text = String::new();
    let count = processors.len();
    for (index, number) in processors.iter().enumerate() {
        let Some((_, block)) = described.iter().find(|(one, _)| one == number) else { continue };
        for line in block.lines() {
            let replaced = match line.split(['\t', ':']).next().unwrap_or_default() {
                "physical id" => Some(0),
                "siblings" | "cpu cores" => Some(count),
                "core id" | "apicid" | "initial apicid" => Some(index),
                // Reveals which processor vulnerabilities are not fixed.
                "microcode" => continue,
                _ => None,
            };
            let _ = match replaced {
                Some(value) => writeln!(text, "{}: {value}", line.split(':').next().unwrap_or_default()),
                None => writeln!(text, "{line}"),
            };
        }
        text.push('\n');
    }
    text
}

/// All times and event counts are zero: the real counts are those of the whole host.
pub fn stat(processors: &[u32], booted_at: u64) -> String {
    const NONE: &str = "0 0 0 0 0 0 0 0 0 0";
    let mut text = format!("cpu  {NONE}\n");
    for number in processors {
        let _ = writeln!(text, "cpu{number} {NONE}");
    }
    let _ = writeln!(text, "intr 0\nctxt 0\nbtime {booted_at}\nprocesses 1\nprocs_running 1\nprocs_blocked 0");
    text.push_str("softirq 0 0 0 0 0 0 0 0 0 0 0\n");
    text
}

/// All of it free: `memory.current`, which the kernel updates, shows the usage; this file does not change.
pub fn meminfo(bytes: u64) -> String {
    const NONE: [&str; 25] = [
        "Buffers",
        "Cached",
        "SwapCached",
        "Active",
        "Inactive",
        "Active(anon)",
        "Inactive(anon)",
        "Active(file)",
        "Inactive(file)",
        "Unevictable",
        "Mlocked",
        "SwapTotal",
        "SwapFree",
        "Dirty",
        "Writeback",
        "AnonPages",
        "Mapped",
        "Shmem",
        "KReclaimable",
        "Slab",
        "SReclaimable",
        "SUnreclaim",
        "KernelStack",
        "PageTables",
        "Committed_AS",
    ];
    let mut text = String::new();
    let total = bytes / 1024;
    let lines = ["MemTotal", "MemFree", "MemAvailable"].into_iter().map(|name| (name, total));
    for (name, kib) in lines.chain(NONE.map(|name| (name, 0))).chain([("CommitLimit", total)]) {
        let _ = writeln!(text, "{:<16}{kib:>8} kB", format!("{name}:"));
    }
    text
}

pub const LOADAVG: &str = "0.00 0.00 0.00 1/1 1\n";

/// The host's hierarchies, without the number of its groups.
pub fn cgroups(of_host: &str) -> String {
    let mut text = String::from("#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
    for line in of_host.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let [name, hierarchy, _, enabled] = fields[..] {
            let _ = writeln!(text, "{name}\t{hierarchy}\t1\t{enabled}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_as_the_kernel_writes_them() {
        assert_eq!(list(&[0, 1, 2, 5, 7, 8]), "0-2,5,7-8\n");
        assert_eq!(list(&[3]), "3\n");
    }

    #[test]
    fn only_its_own_processors_are_described() {
        let block = |number| {
            format!("processor\t: {number}\nmicrocode\t: 0x1\nsiblings\t: 64\ncore id\t\t: 17\nflags\t\t: fpu")
        };
        let described = [(0, block(0)), (1, block(1)), (2, block(2))];
        let expected = "processor\t: 2\nsiblings\t: 1\ncore id\t\t: 0\nflags\t\t: fpu\n\n";
        assert_eq!(cpuinfo(&described, &[2]), expected);
    }

    #[test]
    fn meminfo_has_the_form_of_the_kernels() {
        let text = meminfo(512 << 20);
        assert!(
            text.starts_with("MemTotal:         524288 kB\nMemFree:          524288 kB\nMemAvailable:     524288 kB\n")
        );
        assert!(text.lines().all(|line| line.ends_with(" kB")));
    }

    #[test]
    fn the_number_of_groups_of_the_host_stays_with_it() {
        let of_host = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t4\t371\t1\n";
        assert_eq!(cgroups(of_host), "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t4\t1\t1\n");
    }
}
