//! Whose the files of a mount are.

/// An idmapped mount: whose files on disk are whose inside, and the other way round. Everybody else's files keep an
/// owner that nobody inside can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(untagged))]
pub enum Owner {
    One(OneOwner),
    Store(StoreOwner),
}

/// What `host` owns on disk belongs to `uid` and `gid` in the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct OneOwner {
    pub host_uid: u32,
    pub host_gid: u32,
    pub uid: u32,
    pub gid: u32,
    /// User 0 of the sandbox may make files here as well, to give them to `uid` and `gid` at once: as the gofer of
    /// `runsc` does. Until then they are on disk what it is on the host, an id of the sandbox's range. Level gvisor
    /// only, and only where it may be written.
    #[cfg_attr(feature = "json", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub maker: bool,
    /// Where the file system or the kernel cannot map ids the mount is made as if it had no owner, which shows less of
    /// it. Only of a bind that is read-only.
    #[cfg_attr(feature = "json", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub optional: bool,
}

/// The 65,536 ids from `range` on are, in the sandbox, those from 0 on: each of its users has its own files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct StoreOwner {
    /// [`STORE_RANGE`]; or 0 in a virtual machine, whose images are of nobody but its one sandbox.
    pub range: u32,
}

/// Who owns files in root's store of images: `STORE_RANGE + n` what belongs to user n inside. By systemd's registry of
/// uids (its `UIDS-GIDS` document) nobody uses what lies above 0x7FFE_FFFF; sandboxes have 0x7000_0000 to 0x7FFD_FFFF;
/// and some programs take ids from 2^31 on for negative.
pub const STORE_RANGE: u32 = 0x7fff_0000;
