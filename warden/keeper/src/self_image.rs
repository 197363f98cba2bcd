//! The file that init is executed from.

use bulkhead_error::{Attempt, Code, Error};
use rustix::fd::OwnedFd;
use rustix::fs::{MemfdFlags, SealFlags};
use std::io::Write;

/// A sealed copy of this program in memory. `/proc/1/exe` of a sandbox leads here and never to a file of the host,
/// and the seals make it unwritable even for whoever gets hold of a descriptor (the lesson of CVE-2019-5736).
pub fn sealed() -> Result<OwnedFd, Error> {
    let program = std::fs::read("/proc/self/exe").attempt_on(Code::LaunchFailed, "read", "/proc/self/exe")?;
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // MFD_EXEC says that this one is meant to be executed (vm.memfd_noexec); kernels before 6.3 do not know it.
    let memory = rustix::fs::memfd_create("warden", flags | MemfdFlags::EXEC)
        .or_else(|_| rustix::fs::memfd_create("warden", flags))
        .attempt(Code::LaunchFailed, "memfd_create")?;
    let mut file = std::fs::File::from(memory);
    file.write_all(&program).attempt(Code::LaunchFailed, "write to memfd")?;
    let memory = OwnedFd::from(file);
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    rustix::fs::fcntl_add_seals(&memory, seals).attempt(Code::LaunchFailed, "seal memfd")?;
    Ok(memory)
}
