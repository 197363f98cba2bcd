//! What setup is told: everything that it does for one sandbox, as one bounded binary message. Who sends it compiles it from a plan;
//! who receives it believes nothing, and finds every length, number and path checked when [`Order::decode`] has returned.
//!
//! No field is optional to the decoder: both ends are one binary, so there are no versions, no defaults and no unknown fields.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod advertised;
mod check;
mod confinement;
mod fields;
pub mod filter;
mod mounts;
mod order;
mod program;
mod report;
mod wire;

pub use advertised::Advertised;
pub use confinement::{Access, Landlock, Limits, Tcp};
pub use filter::{Filters, Floor, Workload};
pub use mounts::{
    At, Bind, DEVICES, Dev, Device, File, Layers, MAX_INODES, Mount, Overlay, Owner, Proc, Root, RootDirectory,
    RootEmpty, RootLayers, RootSource, Symlink, Tmpfs,
};
pub use order::{Caller, Given, MAX_BYTES, MAX_IDMAPS, Offer, Order, User};
pub use program::{Channel, Descriptor, FILTER_FD, LAST_FD, MAX_ATTACHED, Open, Program};
pub use report::{decode_error, encode_error};

use bulkhead_error::{Code, Error};

impl Order {
    /// The bytes that [`Order::decode`] takes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 << 10);
        wire::Wire::put(self, &mut bytes);
        bytes
    }

    /// # Errors
    /// `LAUNCH_FAILED`; `detail` names the field.
    pub fn decode(bytes: &[u8], given: Given) -> Result<Self, Error> {
        let refused = |field: &str| Error::new(Code::LaunchFailed, "decode order").detail(field);
        if bytes.len() > MAX_BYTES {
            return Err(refused("bytes"));
        }
        let order: Self = wire::decode(bytes).map_err(refused)?;
        check::order(&order, given).map_err(refused)?;
        Ok(order)
    }
}
