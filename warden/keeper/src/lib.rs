//! The keeper: ids, control groups, evidence, limits, and the decision which caller may have which sandbox. With setup
//! and helpers, the only part of Bulkhead that holds privilege.
//!
//! It knows no JSON and no plan. Its input is bounded binary messages from fronts, which it treats as hostile. It does
//! for them only work that they could not do themselves. See docs/privilege.md for the reading order.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod authorize;
mod caller;
mod cgroup;
pub mod evidence;
mod facts;
mod fill;
mod idmap;
mod json;
mod launch;
mod log;
mod low;
mod prefork;
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
pub use launch::{Connections, LaunchRequest, Launcher};
pub use log::{Log, level_name};
pub use low::occupy_low_descriptors;
pub use sandbox::{Phase, Sandbox};
pub use server::{Keeper, Settings, Start};
pub use status::{Received, look_at, receive};
pub use uid_range::UidRange;
