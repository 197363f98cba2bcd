//! Landlock for a process that stays in the host's file system: it may use a few files there, and nothing else.

use crate::landlock::{abi as kernel_abi, every_thread, refused};
use bulkhead_error::{Code, Error};
use bulkhead_order as model;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;

/// Files, or directories with everything below them. A missing path allows nothing. Links are followed, because the
/// host's are trusted.
pub struct HostFiles {
    pub read: Vec<String>,
    /// Includes reading.
    pub execute: Vec<String>,
    /// Includes reading.
    pub write: Vec<String>,
    /// Outgoing TCP connections, to any port. Listening is never allowed (from ABI 4 on).
    pub connect: bool,
}

/// Restricts the calling thread and its future children, with every right that this kernel and this program know.
/// Signals and abstract Unix sockets reach no process outside (from ABI 6 on).
///
/// # Errors
/// `LANDLOCK_FAILED`, also for a kernel without Landlock: the caller decides whether that is acceptable.
pub fn restrict(files: &HostFiles) -> Result<(), Error> {
    let number = kernel_abi().min(model::Landlock::NEWEST_ABI);
    if number == 0 {
        return Err(Error::new(Code::LandlockFailed, "landlock_create_ruleset").detail("abi 0"));
    }
    let abi = ABI::from(i32::try_from(number).unwrap_or(0));
    let mut ruleset = create(abi, files.connect).map_err(|error| refused("landlock_create_ruleset", &error))?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    for (paths, access) in
        [(&files.read, read), (&files.execute, read | AccessFs::Execute), (&files.write, read | AccessFs::WriteFile)]
    {
        for path in paths {
            ruleset = allow(ruleset, path, access)?;
        }
    }
    match every_thread(ruleset, abi).and_then(RulesetCreated::restrict_self) {
        Ok(RestrictionStatus { ruleset: RulesetStatus::FullyEnforced, no_new_privs: true, .. }) => Ok(()),
        Ok(_) => Err(Error::new(Code::LandlockFailed, "landlock_restrict_self").detail("not fully enforced")),
        Err(error) => Err(refused("landlock_restrict_self", &error)),
    }
}

fn create(abi: ABI, connect: bool) -> Result<RulesetCreated, RulesetError> {
    let mut ruleset =
        Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::from_all(abi))?;
    if AccessNet::from_all(abi).contains(AccessNet::BindTcp) {
        ruleset = ruleset.handle_access(AccessNet::BindTcp)?;
        if !connect {
            ruleset = ruleset.handle_access(AccessNet::ConnectTcp)?;
        }
    }
    let scopes = Scope::from_all(abi);
    if scopes.is_empty() { ruleset.create() } else { ruleset.scope(scopes)?.create() }
}

fn allow(ruleset: RulesetCreated, path: &str, access: BitFlags<AccessFs>) -> Result<RulesetCreated, Error> {
    let failed = |operation| {
        move |errno: Errno| Error::new(Code::LandlockFailed, operation).path(path).errno(errno.raw_os_error())
    };
    let file = match open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
        // The caller cannot reach it, so neither can its children.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => return Ok(ruleset),
        opened => opened.map_err(failed("open"))?,
    };
    let kind = FileType::from_raw_mode(fstat(&file).map_err(failed("fstat"))?.st_mode);
    // The kernel refuses rights of directories on a file.
    let access = if kind == FileType::Directory { access } else { access & AccessFs::from_file(ABI::from(i32::MAX)) };
    ruleset.add_rule(PathBeneath::new(file, access)).map_err(|error| refused("landlock_add_rule", &error).path(path))
}
