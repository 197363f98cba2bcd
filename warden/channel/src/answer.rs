//! Values of results, and the lines that `list` and `watch` send as data. The library's types, and the checks that it
//! reads these with, are generated from here.

use serde::Serialize;
use serde_json::{Map, Value};

/// A name has up to 255 bytes, each of which may become U+FFFD (3 bytes); a link's target up to 4,096.
#[cfg(feature = "schema")]
const NAME_MAX: u32 = 3 * 255;
#[cfg(feature = "schema")]
const TARGET_MAX: u32 = 3 * 4096;

/// How a program ended: exactly one of `exitCode` and `signal` is a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Exited {
    pub exit_code: Option<u8>,
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 64)))]
    pub signal: Option<u8>,
    pub user_us: u64,
    pub system_us: u64,
    pub max_rss_bytes: u64,
    /// The moments of init and of the operation: see docs/channel.md.
    #[cfg_attr(feature = "schema", schemars(length(max = 16)))]
    pub marks: Vec<u64>,
}

/// Type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FileType {
    File,
    Directory,
    Symlink,
    Fifo,
    Socket,
    Char,
    Block,
}

/// Metadata of a file, as the sandbox reports it. Hostile input, but of the right shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileInfo {
    pub r#type: FileType,
    pub size: u64,
    /// Permission bits.
    #[cfg_attr(feature = "schema", schemars(range(max = 0o7777)))]
    pub mode: u32,
    /// As seen inside.
    pub uid: u32,
    pub gid: u32,
    /// The owner of a file sets it, to any time.
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub mtime_ms: i64,
    /// Inode change time in microseconds, which no program can set.
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub ctime_us: i64,
    /// Target of a symbolic link. Never follow it on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = TARGET_MAX)))]
    pub target: Option<String>,
}

/// A name. Bytes that are not UTF-8 are given both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Name {
    #[cfg_attr(feature = "schema", schemars(length(max = NAME_MAX)))]
    pub name: String,
    /// The bytes of the name, if `name` is only an approximation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 340)))]
    pub name_base64: Option<String>,
}

/// A line of `list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entry {
    #[serde(flatten)]
    pub info: FileInfo,
    #[serde(flatten)]
    pub name: Name,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    Create,
    Change,
    Remove,
}

/// A line of `watch`. A queue that overflowed lost events: it reports a change without a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    pub event: EventKind,
    #[serde(flatten)]
    pub name: Name,
}

/// The value of a result.
pub fn value(answer: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(answer) {
        Ok(Value::Object(fields)) => fields,
        // No answer of this module is anything but an object.
        _ => Map::new(),
    }
}
