//! The warden in its role `relay`: process 1 of a monitor's jail, as confined as the monitor itself.
//!
//! It starts the monitor, and carries bytes between the library's connections and those reachable only inside: QEMU
//! wants descriptors passed on its monitor connection, Firecracker listens on its own Unix sockets. Its behaviour is as
//! little evidence as the monitor's: from outside both are one jail.
//!
//! It ends with the monitor, and the monitor with it: the end of process 1 ends its pid namespace.

mod firecracker;
mod link;
mod port;
mod qemu;
mod snapshot;

use std::ffi::OsString;
use std::io::Result;

/// Descriptors that the plan of a jail gives its payload (`packages/bulkhead/src/levels/microvm/machine.ts`).
mod fd {
    pub const CHANNEL: i32 = 3;
    pub const CONTROL: i32 = 4;
    pub const MONITOR: i32 = 5;
    pub const STATE: i32 = 6;
    pub const LIVENESS: i32 = 8;
    /// Only where the sandbox has egress.
    pub const EGRESS: i32 = 9;
}

/// `relay qemu|firecracker [--egress] PROGRAM ARGUMENT…`; gives the exit code.
pub fn main(arguments: &[OsString]) -> i32 {
    let [kind, rest @ ..] = arguments else { return usage() };
    let (egress, rest) = match rest {
        [flag, rest @ ..] if flag == "--egress" => (true, rest),
        _ => (false, rest),
    };
    let done = match rest {
        [program, rest @ ..] if kind == "qemu" => qemu::run(program, rest, egress),
        [program, rest @ ..] if kind == "firecracker" => firecracker::run(program, rest, egress),
        _ => return usage(),
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            // To the guest's console: it tells why a boot failed.
            eprintln!("relay: {error}");
            1
        }
    }
}

fn usage() -> i32 {
    eprintln!("relay: usage: relay qemu|firecracker [--egress] PROGRAM ARGUMENT…");
    1
}

/// A descriptor from the plan, owned by this process from now on.
fn take(number: i32) -> Result<std::os::fd::OwnedFd> {
    // SAFETY: the broker put an open descriptor there, which nothing else in this process knows of; it is taken once.
    let given = unsafe { std::os::fd::OwnedFd::from_raw_fd(number) };
    // Above the monitor's descriptors, so that none of its numbers is taken.
    Ok(rustix::io::fcntl_dupfd_cloexec(&given, 16)?)
}

use std::os::fd::FromRawFd;
