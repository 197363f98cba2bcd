//! The input of setup: everything that it does for one sandbox, as one bounded binary message. The sender compiles it
//! from a plan. The receiver trusts nothing: once [`Order::decode`] has returned, every length, number and path is
//! checked.
//!
//! The decoder has no optional fields: both ends are one binary, so there are no versions, no defaults and no unknown
//! fields.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[macro_use]
pub mod wire;

pub mod advertised;
mod check;
mod confinement;
mod fields;
pub mod filter;
mod kinds;
mod mounts;
mod order;
mod owner;
mod program;
mod report;

pub use advertised::Advertised;
pub use confinement::{Access, Landlock, Limits, Tcp};
pub use filter::{Filters, Floor, Workload};
pub use kinds::{Controller, Level, Namespace};
pub use mounts::{
    At, Bind, DEVICES, Dev, File, Layers, MAX_INODES, Mount, Overlay, Piece, Proc, Root, RootEmpty, RootSource, Source,
    SourceNumber, Symlink, Text, Tmpfs,
};
pub use order::{Assignment, Caller, MAX_BYTES, MAX_IDMAPS, MAX_SOURCES, Offer, Order, Terms, User};
pub use owner::{OneOwner, Owner, STORE_RANGE, StoreOwner};
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
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(refused("bytes"));
        }
        let order: Self = wire::decode(bytes).map_err(refused)?;
        order.check()?;
        Ok(order)
    }

    /// The checks of [`Order::decode`].
    ///
    /// # Errors
    /// As [`Order::decode`].
    pub fn check(&self) -> Result<(), Error> {
        check::order(self).map_err(refused)
    }
}

impl Assignment {
    /// The terms, and the order as [`Order::decode`] returns it.
    ///
    /// # Errors
    /// `LAUNCH_FAILED`; `detail` names the field.
    pub fn decode(bytes: &[u8]) -> Result<(Terms, Order), Error> {
        let Self { terms, order } = wire::decode(bytes).map_err(refused)?;
        check::terms(&terms).map_err(refused)?;
        Ok((terms, Order::decode(&order.0)?))
    }
}

fn refused(field: &str) -> Error {
    Error::new(Code::LaunchFailed, "decode order").detail(field)
}
