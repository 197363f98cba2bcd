//! Ids of helper processes, as the host sees them: above every sandbox's range, below systemd's "foreign" range at
//! 0x7FFE_0000.

/// First of the ids that helpers run as: one each, its uid and its gid.
pub const FIRST: u32 = 0x7FFD_0000;
/// How many helpers can be alive at once on one machine.
pub const COUNT: u32 = 0x1_0000;

/// Locks of all ids that live processes of Bulkhead run as.
pub const LOCKS: &str = "/run/bulkhead/uid-ranges";
/// Byte `FIRST_LOCK + n` of that file is locked while a helper runs as id `FIRST + n`. Sandboxes' ranges lock the bytes
/// below.
pub const FIRST_LOCK: i64 = 0x1_0000;
