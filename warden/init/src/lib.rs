//! Init: the warden's role inside the wall. PID 1 of a sandbox, it serves the channel (`docs/channel.md`) and reaps.
//!
//! All confinement is in force before init starts (except what only init can do, in gVisor's kernel: `sentry`); nothing
//! outside trusts it. It defends itself against the workload: it shares no memory, no descriptor and, where the level
//! allows, no uid with it, never waits for it, and holds a bounded amount of its output. One thread, one poll loop;
//! everything that could block is a child process.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod args;
mod child;
mod files;
mod sentry;
mod server;
mod start;

use std::ffi::OsString;

/// Exit codes for the broker; no other process remains to be told.
mod exit {
    pub const CHANNEL_CLOSED: i32 = 0;
    pub const USAGE: i32 = 64;
    pub const SYSTEM: i32 = 71;
    pub const PROTOCOL: i32 = 76;
}

/// Serves the channel until it closes or a side violates its rules. `args` are those after the role, as `args`
/// describes. Returns the exit code; the caller exits at once, and as PID 1 ends everything inside with it.
#[must_use]
pub fn main(args: Vec<OsString>) -> i32 {
    let started_us = bulkhead_sys::monotonic_us();
    // Before it reads anything: from here on no process inside can attach to init or open its /proc files.
    if bulkhead_confine::process::dumpable(false).is_err() {
        return exit::SYSTEM;
    }
    let Some(args) = args::parse(args) else { return exit::USAGE };
    // Without the given filter, nothing is started.
    let Ok(handed) = args.filter.map(start::filter).transpose() else { return exit::SYSTEM };
    let Ok(prepared) = start::prepare(args.channel, args.egress, args.bridge) else { return exit::SYSTEM };
    let Ok(sentry) = args.inner.sentry.as_ref().map(|sentry| sentry::confine(sentry, &args.inner)).transpose() else {
        return exit::SYSTEM;
    };
    // Held to the end, which keeps the limit in force.
    let (_limit, own) = sentry.unwrap_or_default();
    match server::Server::new(prepared, args.inner, own.or(handed), started_us).run() {
        server::End::Closed => exit::CHANNEL_CLOSED,
        server::End::Violation(_) => exit::PROTOCOL,
        server::End::System(_) => exit::SYSTEM,
    }
}
