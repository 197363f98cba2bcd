//! This process's identity in the kernel, and its rights.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Capabilities {
    pub effective: Vec<&'static str>,
    /// What an execve of a set-user-id program could still grant.
    pub bounding: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
    pub no_new_privs: bool,
    /// 0 none, 1 strict, 2 filters; null where the kernel does not say.
    pub seccomp: Option<u32>,
    /// Processes that are visible.
    pub processes: usize,
}

pub fn capabilities() -> Capabilities {
    let held = field("CapEff").and_then(|mask| u64::from_str_radix(&mask, 16).ok()).unwrap_or(0);
    let bounding = field("CapBnd").and_then(|mask| u64::from_str_radix(&mask, 16).ok()).unwrap_or(0);
    Capabilities { effective: names(held), bounding: names(bounding) }
}

pub fn identity() -> Identity {
    // SAFETY: these calls take nothing and cannot fail.
    let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
    // SAFETY: asks, with no pointer among the arguments.
    let no_new_privs = unsafe { libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) } == 1;
    Identity {
        uid,
        gid,
        no_new_privs,
        seccomp: field("Seccomp").and_then(|mode| mode.parse().ok()),
        processes: processes(),
    }
}

fn names(mask: u64) -> Vec<&'static str> {
    bulkhead_confine::capabilities::names()
        .enumerate()
        .filter(|(bit, _)| mask >> bit & 1 == 1)
        .map(|(_, name)| name)
        .collect()
}

fn field(name: &str) -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
}

fn processes() -> usize {
    let Ok(entries) = std::fs::read_dir("/proc") else { return 0 };
    entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok())).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_names() {
        assert_eq!(names(1 << 21 | 1), ["CHOWN", "SYS_ADMIN"]);
        assert_eq!(names(1 << 40), ["CHECKPOINT_RESTORE"]);
        assert!(identity().processes > 0);
    }
}
