//! Landlock: file access by path, enforced a second time beside mounts.
//!
//! A lost mount flag, or a bug in an overlay, then still does not make a file writable.

use bulkhead_error::{Code, Error};
use bulkhead_order as model;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath, RestrictSelfAttr,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
use std::os::fd::OwnedFd;

/// The kernel's Landlock ABI, possibly newer than this program; 0: the kernel has none, or it is off.
pub fn abi() -> u32 {
    bulkhead_sys::landlock_abi()
}

/// Restricts the calling thread and its future children, with all rights of the plan's ABI: below `/` read and execute
/// (or only the paths in `access`), below each `writable` everything except creating device nodes (`whiteouts`: except
/// block devices), below `/dev` what its nodes allow. Abstract Unix sockets and signals stay inside (from ABI 6). TCP
/// ports are restricted if the plan has `tcp` (from ABI 4 on); otherwise, and for UDP, the network namespace decides.
/// Unix sockets from outside can be connected to only below `sockets` (from ABI 9 on).
///
/// Call it after `pivot_root`, because Landlock denies every later mount.
///
/// # Errors
/// `LANDLOCK_FAILED`: the kernel has a lower ABI, or a `writable` path is missing or leads through a link. Never best
/// effort.
pub fn restrict(plan: &model::Landlock) -> Result<(), Error> {
    let kernel = abi();
    let least = if plan.tcp.is_some() { model::Landlock::TCP_ABI } else { 1 };
    if plan.abi < least || plan.abi > kernel || plan.abi > model::Landlock::NEWEST_ABI {
        return Err(Error::new(Code::LandlockFailed, "landlock_create_ruleset").detail(format!("abi {kernel}")));
    }
    let abi = ABI::from(i32::try_from(plan.abi).unwrap_or(0));
    let mut ruleset = create(abi, plan.tcp.is_some()).map_err(|error| refused("landlock_create_ruleset", &error))?;
    let read = AccessFs::from_read(abi);
    ruleset = match &plan.access {
        None => allow(ruleset, "/", read)?,
        Some(access) => allow_listed(ruleset, access)?,
    };
    // Terminals need ioctls; nothing may be created or removed in /dev, only in /dev/shm, if the plan says so.
    let devices = (AccessFs::WriteFile | AccessFs::IoctlDev) & AccessFs::from_all(abi);
    ruleset = allow(ruleset, "/dev", read | devices)?;
    let never = if plan.whiteouts { AccessFs::MakeBlock.into() } else { AccessFs::MakeChar | AccessFs::MakeBlock };
    // A socket from outside is not among the files that may be written here. Those created inside need no rule.
    let write = AccessFs::from_all(abi) & !never & !AccessFs::ResolveUnix;
    for path in &plan.writable {
        ruleset = match &plan.access {
            None => allow(ruleset, path, write)?,
            Some(_) => allow_if_there(ruleset, path, write & !read)?,
        };
    }
    if plan.queues {
        let queues =
            AccessFs::ReadDir | AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile;
        ruleset = allow_if_there(ruleset, "/dev/mqueue", queues)?;
    }
    for path in &plan.sockets {
        ruleset = allow(ruleset, path, AccessFs::ResolveUnix.into())?;
    }
    if let Some(tcp) = &plan.tcp {
        ruleset = allow_ports(ruleset, &tcp.bind, AccessNet::BindTcp)?;
        ruleset = allow_ports(ruleset, &tcp.connect, AccessNet::ConnectTcp)?;
    }
    match every_thread(ruleset, abi).and_then(RulesetCreated::restrict_self) {
        Ok(RestrictionStatus { ruleset: RulesetStatus::FullyEnforced, no_new_privs: true, .. }) => Ok(()),
        Ok(_) => Err(Error::new(Code::LandlockFailed, "landlock_restrict_self").detail("not fully enforced")),
        Err(error) => Err(refused("landlock_restrict_self", &error)),
    }
}

/// The child has one thread; if the kernel can guarantee that none is left out, use that.
pub(crate) fn every_thread(ruleset: RulesetCreated, abi: ABI) -> Result<RulesetCreated, RulesetError> {
    if abi >= ABI::V8 { ruleset.all_threads(true) } else { Ok(ruleset) }
}

/// Never all network rights of the ABI: UDP's of ABI 10 are not handled, because the right to bind also decides about
/// every `connect` and `sendto` of an unbound socket, which the kernel binds to a free port by itself. Programs that
/// only resolve names would need a rule for port 0, and with it could bind any port.
fn create(abi: ABI, tcp: bool) -> Result<RulesetCreated, RulesetError> {
    let mut ruleset =
        Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::from_all(abi))?;
    if tcp {
        ruleset = ruleset.handle_access(AccessNet::BindTcp | AccessNet::ConnectTcp)?;
    }
    let scopes = Scope::from_all(abi);
    if scopes.is_empty() { ruleset.create() } else { ruleset.scope(scopes)?.create() }
}

fn allow_listed(mut ruleset: RulesetCreated, access: &model::Access) -> Result<RulesetCreated, Error> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    for path in &access.read {
        ruleset = allow_if_there(ruleset, path, read)?;
    }
    for path in &access.list {
        ruleset = allow_if_there(ruleset, path, AccessFs::ReadDir.into())?;
    }
    for path in &access.execute {
        // The kernel opens an executed file for reading.
        ruleset = allow_if_there(ruleset, path, AccessFs::ReadFile | AccessFs::Execute)?;
    }
    Ok(ruleset)
}

/// A missing path gets no rule, which allows nothing.
fn allow_if_there(ruleset: RulesetCreated, path: &str, access: BitFlags<AccessFs>) -> Result<RulesetCreated, Error> {
    match open(path) {
        Err(error) if error.errno == Some(libc::ENOENT) => Ok(ruleset),
        _ => allow(ruleset, path, access),
    }
}

fn allow_ports(mut ruleset: RulesetCreated, ports: &[u16], access: AccessNet) -> Result<RulesetCreated, Error> {
    for &port in ports {
        ruleset = ruleset
            .add_rule(NetPort::new(port, access))
            .map_err(|error| refused("landlock_add_rule", &error).detail(format!("port {port}")))?;
    }
    Ok(ruleset)
}

fn allow(ruleset: RulesetCreated, path: &str, access: BitFlags<AccessFs>) -> Result<RulesetCreated, Error> {
    let (descriptor, directory) = open(path)?;
    // The kernel refuses rights of directories on a file.
    let access = if directory { access } else { access & AccessFs::from_file(ABI::from(i32::MAX)) };
    ruleset
        .add_rule(PathBeneath::new(descriptor, access))
        .map_err(|error| refused("landlock_add_rule", &error).path(path))
}

/// The tree may be hostile: a link in it must not decide what becomes writable.
fn open(path: &str) -> Result<(OwnedFd, bool), Error> {
    let failed = |operation| {
        move |errno: rustix::io::Errno| {
            Error::new(Code::LandlockFailed, operation).path(path).errno(errno.raw_os_error())
        }
    };
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let descriptor = openat2(CWD, path, flags, Mode::empty(), resolve).map_err(failed("openat2"))?;
    let stat = fstat(&descriptor).map_err(failed("fstat"))?;
    Ok((descriptor, FileType::from_raw_mode(stat.st_mode) == FileType::Directory))
}

/// The errno at the end of the chain of causes.
pub(crate) fn refused(operation: &str, error: &RulesetError) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(errno) = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error) {
            return Error::new(Code::LandlockFailed, operation).errno(errno);
        }
        cause = inner.source();
    }
    Error::new(Code::LandlockFailed, operation).detail("incompatible")
}
