//! The channel between library and init: frames, their bounds, and their meaning. `docs/channel.md` is the
//! specification; `vectors/` contains bytes that this crate and the TypeScript side must read alike.
//!
//! Both ends treat the other's bytes as hostile. Whatever arrives, a [`Decoder`] holds at most one frame plus the
//! read-ahead, and the first [`Violation`] is final: after a bad frame there is no way to find the next one.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod answer;
pub mod credit;
pub mod decode;
pub mod encode;
mod fields;
pub mod frame;
pub mod message;
pub mod order;
pub mod request;
pub mod violation;

pub use credit::Credit;
pub use decode::Decoder;
pub use frame::{Frame, Kind, Side};
pub use message::{Accept, Connection, Control, Hello, Outcome};
pub use order::Order;
pub use request::Request;
pub use violation::Violation;
