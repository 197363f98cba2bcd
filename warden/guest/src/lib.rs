//! The supervisor: process 1 of a virtual machine (`docs/guest.md`). It makes a Linux system of what the kernel left,
//! asks the host what to run, and runs that with the broker's own code, confined as it would be on a host.
//!
//! It is the guest's root, and to the host it is as hostile as everything else in there. What it defends itself against
//! is the workload, and the images.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod base64;
mod boot_id;
mod command_line;
mod control;
mod disks;
mod images;
mod message;
mod modules;
mod ports;
mod supervisor;
mod system;

use bulkhead_plan::Error;

/// Runs until the machine ends.
pub fn main() -> ! {
    if let Err(error) = supervisor::run() {
        // The host shows the console's last words when a machine ended before it said anything better.
        eprintln!("bulkhead guest: {error}");
    }
    system::end()
}

type Done<T = ()> = Result<T, Error>;
