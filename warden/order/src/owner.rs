//! The owners of a mount's files.

/// An idmapped mount: maps owners on disk to owners inside, and back. All other files have an owner that no user inside
/// can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(untagged))]
pub enum Owner {
    One(OneOwner),
    Store(StoreOwner),
}

/// Files that `host` owns on disk belong to `uid` and `gid` in the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct OneOwner {
    pub host_uid: u32,
    pub host_gid: u32,
    pub uid: u32,
    pub gid: u32,
    /// User 0 of the sandbox may also create files here, to give them to `uid` and `gid` at once, as the gofer of
    /// `runsc` does. Until then their owner on disk is user 0's host id, an id of the sandbox's range. Level gvisor
    /// only, and only if the mount is writable.
    #[cfg_attr(feature = "json", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub maker: bool,
    /// If the file system or the kernel cannot map ids, the mount is made without an owner, which makes fewer files
    /// accessible. Only for a read-only bind.
    #[cfg_attr(feature = "json", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub optional: bool,
}

/// The 65,536 ids starting at `range` are the ids starting at 0 in the sandbox: each of its users has its own files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct StoreOwner {
    /// [`STORE_RANGE`]; or 0 in a virtual machine, whose images belong to its one sandbox alone.
    pub range: u32,
}

/// Owners of files in root's image store: `STORE_RANGE + n` for files of user n inside. systemd's registry of uids (its
/// `UIDS-GIDS` document) assigns ids above 0x7FFE_FFFF to no user; sandboxes have 0x7000_0000 to 0x7FFD_FFFF; and some
/// programs take ids from 2^31 on for negative.
pub const STORE_RANGE: u32 = 0x7fff_0000;
