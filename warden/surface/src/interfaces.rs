//! Files of /proc and /sys: each gives access to a piece of the kernel.

use crate::sys::can_open;
use serde::Serialize;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Those that reveal or change most.
const NAMED: [&str; 26] = [
    "/proc/kcore",
    "/proc/kallsyms",
    "/proc/kmsg",
    "/proc/keys",
    "/proc/modules",
    "/proc/config.gz",
    "/proc/cmdline",
    "/proc/interrupts",
    "/proc/timer_list",
    "/proc/iomem",
    "/proc/sched_debug",
    "/proc/sysrq-trigger",
    "/proc/acpi",
    "/proc/scsi/scsi",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/1/environ",
    "/proc/1/mem",
    "/sys/kernel/uevent_helper",
    "/sys/kernel/debug",
    "/sys/kernel/security",
    "/sys/firmware/dmi",
    "/sys/fs/cgroup/cgroup.procs",
    "/sys/power/state",
];
const MOST: usize = 30_000;

#[derive(Debug, Serialize)]
pub struct Interface {
    /// One file, or a directory whose files are counted.
    pub path: String,
    pub readable: usize,
    pub writable: usize,
}

/// Whether an empty mount covers it: /dev/null, or an empty directory.
fn is_covered(path: &Path) -> bool {
    let Ok(info) = path.metadata() else { return false };
    let kind = info.file_type();
    kind.is_char_device()
        || (kind.is_dir() && std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()))
}

/// Counts first, then single files that are there.
pub fn interfaces() -> Vec<Interface> {
    let mut found = vec![count("/proc"), count("/proc/sys"), count("/sys")];
    found.extend(NAMED.iter().filter(|path| Path::new(path).symlink_metadata().is_ok()).map(|path| one(path)));
    found
}

fn one(path: &str) -> Interface {
    if is_covered(Path::new(path)) {
        return Interface { path: path.to_owned(), readable: 0, writable: 0 };
    }
    Interface {
        path: path.to_owned(),
        readable: usize::from(can_open(path, libc::O_RDONLY).is_ok()),
        writable: usize::from(can_open(path, libc::O_WRONLY).is_ok()),
    }
}

/// Files below a directory that open. Processes are counted elsewhere; below /proc this counts the machine's files.
fn count(root: &str) -> Interface {
    let mut found = Interface { path: format!("{root}/**"), readable: 0, writable: 0 };
    let mut seen = 0;
    let mut open = vec![PathBuf::from(root)];
    while let Some(directory) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(info) = path.symlink_metadata() else { continue };
            seen += 1;
            if seen > MOST {
                return found;
            }
            if info.is_dir() && !is_other(root, &path) {
                open.push(path);
            } else if info.is_file()
                && let Some(text) = path.to_str()
            {
                // The mode first: in /sys thousands of files are only for root, and some block when opened.
                let mode = info.permissions().mode();
                found.readable += usize::from(mode & 0o444 != 0 && can_open(text, libc::O_RDONLY).is_ok());
                found.writable += usize::from(mode & 0o222 != 0 && can_open(text, libc::O_WRONLY).is_ok());
            }
        }
    }
    found
}

fn is_other(root: &str, path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let process = name.bytes().all(|byte| byte.is_ascii_digit()) || name == "self" || name == "thread-self";
    root == "/proc" && path.parent() == Some(Path::new("/proc")) && (process || name == "sys")
}
