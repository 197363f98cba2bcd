//! The supervisor: process 1 of a virtual machine (`docs/guest.md`). It sets up a Linux system after the kernel, asks
//! the host what to run, and runs that with the broker's own code, confined as it would be on a host.
//!
//! It is the guest's root, and to the host it is as hostile as everything else in the guest. It defends itself against
//! the workload and the images.
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

#[cfg(feature = "schema")]
pub use message::{GENERATION, ToHost};

use bulkhead_plan::Error;

/// Runs until the machine ends.
pub fn main() -> ! {
    if let Err(error) = supervisor::run() {
        // The host shows the end of the console if a machine ended without a better message.
        eprintln!("bulkhead guest: {error}");
    }
    system::end()
}

type Done<T = ()> = Result<T, Error>;
