//! Confines the calling process: seccomp, Landlock, capabilities, limits, the session keyring.
//!
//! Each function acts on the calling *thread* (the kernel has no other unit for these), so callers are single-threaded
//! children. Nothing here is best effort: a failure is an error, and the launch is refused.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod capabilities;
mod failed;
pub mod host_files;
pub mod keyring;
pub mod landlock;
pub mod limits;
pub mod priority;
pub mod process;
pub mod seccomp;
