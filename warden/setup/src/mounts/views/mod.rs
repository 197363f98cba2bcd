//! A sandbox's view of the kernel: /proc of its own processes, and a /sys that is a copy of a few files. If the plan
//! advertises limits, the files of both that report resources report these, and /sys/fs/cgroup shows the sandbox's own
//! group.
//!
//! Both trees are assembled beside the sandbox's root, where everything except the text files can be made before the
//! plan arrives. They are then moved into place.

mod cgroup;
mod texts;
mod view_request;
mod workshop;

pub use view_request::{Sources, View, ViewRequest};

use super::api::{self, Filesystem};
use super::target;
use super::tree::Tree;
use bulkhead_error::{Attempt, Error};
use bulkhead_order::Advertised;
use bulkhead_order::advertised::UNIFIED;
use bulkhead_sys::MOUNT_ATTR_RDONLY;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
use workshop::{FAILED, NO_BYTES, NO_FILES, QUIET, Workshop, identity, put};

/// Files of /proc that report the host's resources.
const COVERED: [&str; 5] = ["cgroups", "cpuinfo", "loadavg", "meminfo", "stat"];
const PROCESSORS: &str = "sys/devices/system/cpu";

/// /proc and /sys, before they are moved into place.
pub struct Views {
    workshop: Workshop,
    proc: OwnedFd,
    sys: Option<OwnedFd>,
    /// Device and inode of the trees that no other mount may be in.
    reserved: Vec<(u64, u64)>,
    masked: Vec<String>,
}

impl Views {
    pub fn make(sources: &Sources) -> Result<Self, Error> {
        let Sources { wanted, .. } = sources;
        let workshop = Workshop::open()?;
        // Read-only as a whole: stricter than a list of read-only parts, and one mount instead of six.
        let read_only = if wanted.writable { 0 } else { MOUNT_ATTR_RDONLY };
        let proc = Filesystem::new("proc", "/proc")?.mount(QUIET | read_only)?;
        workshop.keep(&proc, "proc")?;
        let reserved = vec![identity(&proc)?, workshop.identity()?];
        let mut views = Self { workshop, proc, sys: None, reserved, masked: Vec::new() };
        if wanted.advertised {
            views.cover_proc()?;
        }
        for name in &wanted.masks {
            views.mask_proc(name)?;
        }
        if wanted.sys {
            views.make_sys(sources)?;
        }
        Ok(views)
    }

    fn make_sys(&mut self, sources: &Sources) -> Result<(), Error> {
        for path in ["sys", "sys/devices", "sys/devices/system", PROCESSORS] {
            self.workshop.make_directory(path)?;
        }
        // One list for all three: a program that counts finds this number, and one that looks for the highest finds the
        // highest.
        for name in ["possible", "present"] {
            self.workshop.link(&format!("{PROCESSORS}/{name}"), "online")?;
        }
        let sys = self.workshop.copy("sys").attempt_on(FAILED, "open_tree", "/sys")?;
        self.workshop.keep(&sys, "shown")?;
        if sources.wanted.advertised {
            for mount in cgroup::show(&self.workshop, &sys, sources.cgroup)? {
                self.reserved.push(identity(&mount)?);
            }
        }
        self.sys = Some(sys);
        Ok(())
    }

    /// Writes the values that only the plan knows.
    pub fn tell(&self, advertised: Option<&Advertised>, sources: &Sources) -> Result<(), Error> {
        let processors = bulkhead_sys::affinity(0).attempt(FAILED, "sched_getaffinity")?;
        if self.sys.is_some() {
            self.workshop.make_file(&format!("{PROCESSORS}/online"), &texts::list(&processors))?;
        }
        let Some(advertised) = advertised else { return Ok(()) };
        self.workshop
            .fill("cgroups", &sources.cgroup.hierarchies().map_or_else(|| UNIFIED.to_owned(), texts::cgroups))?;
        self.workshop.fill("cpuinfo", &texts::cpuinfo(sources.processors, &processors))?;
        self.workshop.fill("loadavg", texts::LOADAVG)?;
        self.workshop.fill("meminfo", &texts::meminfo(advertised.memory_bytes.min(total_memory())))?;
        self.workshop.fill("stat", &texts::stat(&processors, booted_at()))?;
        if self.sys.is_some() {
            cgroup::tell(&self.workshop, sources.cgroup, advertised, &processors)?;
        }
        Ok(())
    }

    pub(super) fn place_proc(&self, at: &str, tree: &Tree) -> Result<(), Error> {
        tree.reserved.borrow_mut().extend(&self.reserved);
        api::attach(&self.proc, target::plain_directory(tree, at)?, at)
    }

    pub(super) fn place_sys(&self, at: &str, tree: &Tree) -> Result<(), Error> {
        let sys = self.sys.as_ref().ok_or_else(|| Error::new(FAILED, "place").path(at))?;
        api::attach(sys, target::plain_directory(tree, at)?, at)
    }

    /// Hides a file or a directory behind an empty one.
    pub(super) fn place_mask(&self, at: &str, tree: &Tree) -> Result<(), Error> {
        if at.strip_prefix("/proc/").is_some_and(|name| self.masked.iter().any(|masked| masked == name)) {
            return Ok(());
        }
        let Some(target) = target::existing(tree, at)? else { return Ok(()) };
        self.mask(&target, "").attempt_on(FAILED, "mask", at)
    }

    fn mask_proc(&mut self, name: &str) -> Result<(), Error> {
        match self.mask(&self.proc, name) {
            Ok(()) | Err(Errno::NOENT) => {}
            failed => failed.attempt_on(FAILED, "mask", name)?,
        }
        self.masked.push(name.to_owned());
        Ok(())
    }

    /// Checks first: an unused copy would have to be closed, which makes the kernel wait.
    fn mask(&self, at: &OwnedFd, path: &str) -> Result<(), Errno> {
        let stat = rustix::fs::statat(at, path, AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW)?;
        let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        put(self.workshop.copy(if directory { NO_FILES } else { NO_BYTES })?, at, path)
    }

    fn cover_proc(&self) -> Result<(), Error> {
        for name in COVERED {
            self.workshop.make_file(name, "")?;
            match put(self.workshop.copy(name).attempt_on(FAILED, "open_tree", name)?, &self.proc, name) {
                // A kernel without it has nothing to hide here.
                Ok(()) | Err(Errno::NOENT) => {}
                failed => failed.attempt_on(FAILED, "cover", name)?,
            }
        }
        Ok(())
    }
}

/// A policy may allow more memory than the machine has.
fn total_memory() -> u64 {
    let info = rustix::system::sysinfo();
    info.totalram.saturating_mul(u64::from(info.mem_unit))
}

/// Seconds since 1970, as `btime`: the base of process start times.
fn booted_at() -> u64 {
    let since = |clock| clock_gettime(clock).tv_sec;
    u64::try_from(since(ClockId::Realtime) - since(ClockId::Boottime)).unwrap_or(0)
}
