//! A strict reader of tar: ustar, GNU and pax, the formats of layers.
//!
//! Tar readers disagree about the odd cases, and an archive that means one thing to a scanner and another to the
//! unpacker is an attack. So this reader refuses everything with two readings: a pax size that differs from the
//! header's, data after a hard link, bytes after the end marker. The `tar` crate guesses in some of these, so it is not
//! used; a layer needs little of the format.

mod header;
mod pax;
mod reader;
mod sparse;

pub use pax::Xattr;
pub use reader::{Archive, Entry, Kind};
pub use sparse::Map;
