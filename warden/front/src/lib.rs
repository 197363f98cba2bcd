//! A front: the part of the broker that serves one caller, in a process that runs as that caller and holds no
//! privilege.
//!
//! It manages sessions, checks plans, compiles them into orders, and opens the host paths that they name. It asks the
//! keeper, which does not trust it, for everything else.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod accounts;
mod attach;
mod compile;
mod filters;
mod hub;
mod judged;
mod link;
mod message;
mod server;
mod session;
pub mod wire;

pub use compile::compile;
pub use filters::FilterCache;
pub use judged::{Expected, Judged, TRACED, Traced, Verdict};
#[cfg(feature = "schema")]
pub use message::{GENERATION, MAX_OPENING, Message};
pub use server::{Setting, run};
pub use session::random_hex;
