//! The wire format of a parcel.

/// Length of the header before the first piece: the parcel's number of bytes, and of descriptors.
pub const HEADER: usize = 6;
pub const PIECE: usize = 32 * 1024;
/// Descriptors in one message; the kernel's SCM_MAX_FD is 253.
pub const MESSAGE_FDS: usize = 250;
