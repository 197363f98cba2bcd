//! `warden broker`: one keeper, which holds privilege, and one front for each caller, which holds none. This crate
//! holds the start-up: the command line, the socket, the signals. `warden sandboxes` queries brokers as its caller.
//!
//! See docs/privilege.md for the reading order.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod client;
mod listen;
mod options;
mod startup;

pub use startup::main;
