//! A strict reader of tar: ustar, GNU and pax, as layers are written in.
//!
//! Readers of tar disagree about the odd cases, and an archive that means one thing to a scanner and another to the
//! unpacker is an attack. So whatever has two readings is refused here: a pax size beside a different one in the
//! header, data behind a hard link, bytes behind the end marker. The `tar` crate guesses in some of these, which is why
//! it is not used; a layer needs little of the format.

mod header;
mod pax;
mod reader;
mod sparse;

pub use pax::Xattr;
pub use reader::{Archive, Entry, Kind};
pub use sparse::Map;
