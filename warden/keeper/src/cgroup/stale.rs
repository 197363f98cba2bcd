//! Directories of brokers: a locked directory belongs to a live broker.

use super::files::{make_directory, write};
use crate::read;
use bulkhead_error::{Code, Error};
use rustix::fd::OwnedFd;
use rustix::fs::{Dir, FileType, FlockOperation, Mode, OFlags};
use std::path::Path;
use std::time::{Duration, Instant};

pub const PREFIX: &str = "bulkhead-";

fn open(path: &Path) -> Result<OwnedFd, rustix::io::Errno> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Creates a home and locks it. A broker that cleans up at the same moment may remove it in between: then this tries
/// again.
pub fn make_locked(home: &Path) -> Result<OwnedFd, Error> {
    for _ in 0..10 {
        make_directory(home)?;
        let locked =
            open(home).and_then(|fd| rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive).map(|()| fd));
        if let Ok(fd) = locked
            && home.exists()
        {
            return Ok(fd);
        }
        let _ = std::fs::remove_dir(home);
    }
    Err(Error::new(Code::CgroupUnavailable, "lock").path(&home.to_string_lossy()))
}

/// Kills and removes what dead brokers left below `parent`. Never touches a directory that is locked or has another
/// name.
pub fn remove_below(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let named = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if named.is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            remove_home(&entry.path());
        }
    }
}

fn remove_home(home: &Path) {
    let Ok(lock) = open(home) else { return };
    if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return;
    }
    // List through the locked descriptor: a broker that creates its home at this moment may have put a new directory in
    // place of the locked one, and the groups in that one are live.
    let Ok(groups) = Dir::read_from(&lock) else { return };
    for group in groups.flatten().filter(|entry| entry.file_type() == FileType::Directory) {
        if let Some(name) = group.file_name().to_str().ok().filter(|name| !matches!(*name, "." | "..")) {
            empty(&home.join(name));
        }
    }
    let _ = std::fs::remove_dir(home);
}

/// Kills until the group is empty. It belonged to a sandbox whose init died with its broker, so normally it is empty
/// already.
fn empty(group: &Path) {
    let deadline = Instant::now() + Duration::from_secs(2);
    while std::fs::remove_dir(group).is_err() && Instant::now() < deadline {
        let _ = write(&group.join("freezer.state"), "THAWED");
        if write(&group.join("cgroup.kill"), "1").is_err() {
            let list = read::text(group.join("cgroup.procs")).unwrap_or_default();
            // A pid can only be reused between reading and killing after it has left this group's list. So open a pidfd
            // first, then check the list again.
            for pid in list.lines().filter_map(|line| line.parse().ok()).filter_map(rustix::process::Pid::from_raw) {
                let Ok(pidfd) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) else {
                    continue;
                };
                let again = read::text(group.join("cgroup.procs")).unwrap_or_default();
                if again.lines().any(|line| line == pid.as_raw_nonzero().to_string()) {
                    let _ = rustix::process::pidfd_send_signal(&pidfd, rustix::process::Signal::KILL);
                }
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
