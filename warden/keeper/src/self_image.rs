//! The file from which init is executed.

use bulkhead_error::{Attempt, Code, Error};
use rustix::fd::OwnedFd;
use rustix::fs::{MemfdFlags, SealFlags};
use std::io::Write;

/// A sealed copy of this program in memory. A sandbox's `/proc/1/exe` leads here and never to a host file, and the
/// seals make it unwritable even for a process that obtains a descriptor of it (the lesson of CVE-2019-5736).
pub fn sealed() -> Result<OwnedFd, Error> {
    let program = std::fs::read("/proc/self/exe").attempt_on(Code::LaunchFailed, "read", "/proc/self/exe")?;
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // MFD_EXEC marks it as executable (vm.memfd_noexec); kernels before 6.3 do not know the flag.
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
