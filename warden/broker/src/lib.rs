//! `warden broker`: one keeper, which holds privilege, and a front for each caller, which holds none. This crate is what happens before: the command line,
//! the socket, the signals. `warden sandboxes` asks brokers, as its caller.
//!
//! docs/privilege.md has the order to read it in.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod client;
mod listen;
mod options;
mod startup;

pub use startup::main;
