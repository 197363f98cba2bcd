//! The broker: takes plans from its callers, makes sandboxes, reports from outside what is in force.
//!
//! With setup and helpers, which it or the library start, the only part of Bulkhead that holds privilege. It knows no HTTP, no image
//! formats, and no JSON but plans and control messages. docs/privilege.md has the order to read it in.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod accounts;
pub mod alone;
mod attach;

mod authorize;
mod caller;
mod cgroup;
pub mod client;
mod compile;
mod evidence;
mod facts;
mod fill;
mod idmap;

mod launch;
mod listen;
mod log;
mod message;
mod nursery;
mod options;
mod orders;
mod processors;
mod read;
mod sandbox;
mod self_image;
mod server;
mod session;
mod startup;
mod uid_range;
mod wire;

pub use startup::main;
