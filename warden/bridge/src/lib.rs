//! `warden bridge`: carries the bytes of a service's channels between components whose inits can pass descriptors.
//!
//! The library decides about each connection, has both inits hand over their sockets, and tells the bridge which two
//! belong together. The bridge then moves bytes, within the channel's limits, until both ends are done. `warden helper`
//! confines it before it starts. It parses nothing but the library's calls: bytes of components pass unseen. Each init
//! is hostile, so the bridge checks the kind of each descriptor, bounds their number, and never waits for one.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod calls;
mod channel;
mod closer;
mod flow;
mod frames;
mod handed;
mod pair;
mod serve;

use frames::Control;
use rustix::io::Errno;
use serve::Bridge;

/// The connection to the library.
const CONTROL: i32 = 3;
/// The connection over which the front passes connections to inits.
const HUB: i32 = 6;

/// Serves until the library is gone. Returns the exit code.
#[must_use]
pub fn main() -> i32 {
    match start() {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn start() -> Result<(), Errno> {
    let control = Control::new(bulkhead_sys::adopt(CONTROL)?);
    let bridge = Bridge::new(control, bulkhead_sys::adopt(HUB)?)?;
    // The closer has its thread by now, which its alarm must reach.
    bulkhead_sys::block_signals(&[libc::SIGALRM])?;
    bridge.serve()
}
