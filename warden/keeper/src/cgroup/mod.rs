//! Control groups: sets limits and reads events from outside the sandbox, on v2 or v1.

mod discover;
mod files;
mod group;
mod guard;
mod home;
mod kinds;
mod stale;
mod v1;
mod v2;

pub use home::Home;
pub use kinds::{Frozen, Group};
