//! What a parcel is on the way.

/// In front of the first piece: how many bytes the parcel has, and how many descriptors.
pub const HEADER: usize = 6;
pub const PIECE: usize = 32 * 1024;
/// In one message; SCM_MAX_FD of the kernel is 253.
pub const MESSAGE_FDS: usize = 250;
