//! The keeper: ids, control groups, evidence, limits, and who may have which sandbox. With setup and helpers, the only part of Bulkhead that
//! holds privilege.
//!
//! It knows no JSON and no plan. What it takes is one bounded binary message after the other, from fronts that it treats as hostile; what it does for them
//! they could not do themselves, and nothing else. docs/privilege.md has the order to read it in.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod authorize;
mod caller;
mod cgroup;
mod evidence;
mod facts;
mod fill;
mod idmap;
mod json;
mod launch;
mod log;
mod low;
mod nursery;
mod processors;
mod read;
mod sandbox;
mod self_image;
mod server;
mod status;
mod uid_range;

pub use authorize::Broker;
pub use cgroup::{Group, Home};
pub use facts::HostFacts;
pub use launch::{Asked, Connections, Launcher};
pub use log::Log;
pub use low::occupy_low_descriptors;
pub use sandbox::{Phase, Sandbox};
pub use server::{Keeper, Settings, Start};
pub use status::{Received, look_at, receive};

pub mod seen {
    //! Looking at a sandbox that runs.
    pub use crate::evidence::{check_label, collect};
}
