//! The host's requests.
//!
//! The library's types are generated from these. The reader is written by hand, so that a refusal names the field as
//! data; `vectors/requests.json` has each operation with each of its fields, and both sides must agree on all of it.

use crate::fields::{Fields, boolean, integer, invalid, mode, path, text};
use bulkhead_plan::Error;
use bulkhead_plan::model::User;
use serde_json::{Map, Value};
#[cfg(feature = "schema")]
use std::collections::BTreeMap;
use std::ffi::CString;
use std::net::IpAddr;

/// Higher ids are not the workload's: 65,535 is init's own.
const ID_MAX: u64 = 65_534;
const GROUPS_MAX: usize = 64;
/// Listening sockets of one program, and the length of the name of one.
const SOCKETS_MAX: usize = 64;
const SOCKET_NAME_MAX: usize = 255;
/// `sun_path` has 108 bytes, and counts the trailing NUL.
const SOCKET_PATH_MAX: usize = 107;

/// One operation. Strings contain no NUL and paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(tag = "op", rename_all = "lowercase"))]
pub enum Request {
    Exec(Box<Exec>),
    Listen(Listen),
    Connect(Target),
    /// Asks for silence, for a snapshot.
    Checkpoint,
    #[cfg_attr(feature = "schema", schemars(untagged))]
    File(File),
}

/// Opens a listening socket, only ever on an address that is unreachable from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(tag = "transport", rename_all = "lowercase"))]
pub enum Listen {
    /// Each connection gets its own stream.
    Tcp {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        address: IpAddr,
        port: u16,
    },
    /// The listener's stream carries the datagrams.
    Udp {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        address: IpAddr,
        port: u16,
    },
    /// As `tcp`, on a Unix socket that is created at this path.
    Unix {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        path: CString,
    },
    /// As `udp`, on a Unix socket for datagrams that is created at this path. Nothing is sent back.
    Unixgram {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        path: CString,
    },
}

/// Where to connect to inside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(untagged))]
pub enum Target {
    /// A port of the loopback.
    Port { port: u16 },
    /// A Unix socket.
    Unix {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        path: CString,
    },
}

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Exec {
    /// At least one.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub argv: Vec<CString>,
    /// The whole environment.
    // `NAME=value` each; on the wire an object.
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, String>"))]
    pub env: Vec<CString>,
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub cwd: CString,
    pub stdin: Stdin,
    pub tty: Option<Window>,
    /// `None`: the sandbox's default user.
    pub user: Option<User>,
    /// The program gets a socket that listens for each of these, from descriptor 3 on, as `sd_listen_fds(3)` says.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub listen: Vec<ListenSocket>,
}

/// A socket that listens on 127.0.0.1 inside before the program starts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListenSocket {
    /// Its name in `LISTEN_FDNAMES`.
    pub name: String,
    pub port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename_all = "lowercase"))]
pub enum Stdin {
    /// Data of the stream.
    Pipe,
    /// /dev/null.
    Null,
}

/// Size of a terminal; both at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Window {
    pub rows: u16,
    pub cols: u16,
}

/// An operation on files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(tag = "op", rename_all = "lowercase", rename = "FileRequest")
)]
pub enum File {
    Read {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        path: CString,
        #[cfg_attr(feature = "schema", schemars(default))]
        offset: u64,
        length: Option<u64>,
    },
    Write {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        path: CString,
        #[cfg_attr(feature = "schema", schemars(default))]
        mode: u32,
        #[cfg_attr(feature = "schema", schemars(default))]
        append: bool,
        #[cfg_attr(feature = "schema", schemars(default))]
        exclusive: bool,
    },
    List {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        path: CString,
    },
    Stat {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        path: CString,
        #[cfg_attr(feature = "schema", schemars(default))]
        follow: bool,
    },
    Mkdir {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        path: CString,
        #[cfg_attr(feature = "schema", schemars(default))]
        recursive: bool,
        #[cfg_attr(feature = "schema", schemars(default))]
        mode: u32,
    },
    Remove {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        path: CString,
        #[cfg_attr(feature = "schema", schemars(default))]
        recursive: bool,
    },
    Rename {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        from: CString,
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        to: CString,
    },
    Watch {
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        path: CString,
    },
}

impl File {
    /// The name of the operation.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
            Self::List { .. } => "list",
            Self::Stat { .. } => "stat",
            Self::Mkdir { .. } => "mkdir",
            Self::Remove { .. } => "remove",
            Self::Rename { .. } => "rename",
            Self::Watch { .. } => "watch",
        }
    }
}

impl Request {
    /// Reads the payload of a `request`; an invalid one is `REQUEST_INVALID` with the field as detail.
    pub fn read(fields: Map<String, Value>) -> Result<Self, Error> {
        let mut fields = Fields::new(fields);
        let op = fields.required("op", |value| value.as_str().map(str::to_owned))?;
        let request = match op.as_str() {
            "exec" => Self::Exec(Box::new(exec(&mut fields)?)),
            "listen" => Self::Listen(listen(&mut fields)?),
            "checkpoint" => Self::Checkpoint,
            "connect" => Self::Connect(target(&mut fields)?),
            name => Self::File(file(name, &mut fields)?),
        };
        fields.finish()?;
        Ok(request)
    }
}

fn exec(fields: &mut Fields) -> Result<Exec, Error> {
    Ok(Exec {
        argv: fields.required("argv", |value| texts(value).filter(|argv| !argv.is_empty()))?,
        env: fields.required("env", variables)?,
        cwd: fields.required("cwd", path)?,
        stdin: fields.required("stdin", |value| match value.as_str() {
            Some("pipe") => Some(Stdin::Pipe),
            Some("null") => Some(Stdin::Null),
            _ => None,
        })?,
        tty: fields.optional("tty", window)?,
        user: fields.optional("user", user)?,
        listen: fields.optional("listen", listen_sockets)?.unwrap_or_default(),
    })
}

fn listen_sockets(value: Value) -> Option<Vec<ListenSocket>> {
    match value {
        Value::Array(items) if items.len() <= SOCKETS_MAX => items.into_iter().map(listen_socket).collect(),
        _ => None,
    }
}

fn listen_socket(value: Value) -> Option<ListenSocket> {
    let Value::Object(fields) = value else { return None };
    let mut fields = Fields::new(fields);
    let socket =
        ListenSocket { name: fields.required("name", socket_name).ok()?, port: fields.required("port", port).ok()? };
    fields.finish().ok()?;
    Some(socket)
}

/// `LISTEN_FDNAMES` separates names by colons.
fn socket_name(value: Value) -> Option<String> {
    let Value::String(name) = value else { return None };
    let valid = (1..=SOCKET_NAME_MAX).contains(&name.len());
    (valid && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')).then_some(name)
}

fn listen(fields: &mut Fields) -> Result<Listen, Error> {
    let transport = fields.required("transport", |value| value.as_str().map(str::to_owned))?;
    match transport.as_str() {
        "tcp" => Ok(Listen::Tcp { address: fields.required("address", inside)?, port: fields.required("port", port)? }),
        "udp" => Ok(Listen::Udp { address: fields.required("address", inside)?, port: fields.required("port", port)? }),
        "unix" => Ok(Listen::Unix { path: fields.required("path", socket_path)? }),
        "unixgram" => Ok(Listen::Unixgram { path: fields.required("path", socket_path)? }),
        _ => Err(invalid("transport")),
    }
}

/// A port or a path, and not both.
fn target(fields: &mut Fields) -> Result<Target, Error> {
    match fields.optional("path", socket_path)? {
        Some(path) => Ok(Target::Unix { path }),
        None => fields.required("port", port).map(|port| Target::Port { port }),
    }
}

/// An absolute path that fits into the address of a Unix socket. Never an abstract name, which no permission protects.
fn socket_path(value: Value) -> Option<CString> {
    path(value).filter(|path| path.as_bytes().len() <= SOCKET_PATH_MAX)
}

/// Loopback, or the range of reserved addresses for names. A sandbox may have a network, and must not listen there.
// By value like its siblings, so that it can be handed to `Fields::required` by name.
#[allow(clippy::needless_pass_by_value)]
fn inside(value: Value) -> Option<IpAddr> {
    let address: IpAddr = value.as_str()?.parse().ok()?;
    let reserved = matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 198 && v4.octets()[1] & 0xfe == 18);
    (reserved || address.is_loopback()).then_some(address)
}

fn port(value: Value) -> Option<u16> {
    integer(value).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
}

fn file(op: &str, fields: &mut Fields) -> Result<File, Error> {
    let flag =
        |fields: &mut Fields, name, otherwise| fields.optional(name, boolean).map(|flag| flag.unwrap_or(otherwise));
    Ok(match op {
        "read" => File::Read {
            path: fields.required("path", path)?,
            offset: fields.optional("offset", integer)?.unwrap_or(0),
            length: fields.optional("length", integer)?,
        },
        "write" => File::Write {
            path: fields.required("path", path)?,
            mode: fields.optional("mode", mode)?.unwrap_or(0o644),
            append: flag(fields, "append", false)?,
            exclusive: flag(fields, "exclusive", false)?,
        },
        "list" => File::List { path: fields.required("path", path)? },
        "stat" => File::Stat { path: fields.required("path", path)?, follow: flag(fields, "follow", true)? },
        "mkdir" => File::Mkdir {
            path: fields.required("path", path)?,
            recursive: flag(fields, "recursive", false)?,
            mode: fields.optional("mode", mode)?.unwrap_or(0o755),
        },
        "remove" => File::Remove { path: fields.required("path", path)?, recursive: flag(fields, "recursive", false)? },
        "rename" => File::Rename { from: fields.required("from", path)?, to: fields.required("to", path)? },
        "watch" => File::Watch { path: fields.required("path", path)? },
        _ => return Err(invalid("op")),
    })
}

fn texts(value: Value) -> Option<Vec<CString>> {
    match value {
        Value::Array(items) => items.into_iter().map(text).collect(),
        _ => None,
    }
}

fn variables(value: Value) -> Option<Vec<CString>> {
    let Value::Object(variables) = value else { return None };
    variables
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(value) if !name.is_empty() && !name.contains('=') => CString::new(name + "=" + &value).ok(),
            _ => None,
        })
        .collect()
}

fn window(value: Value) -> Option<Window> {
    let Value::Object(fields) = value else { return None };
    let mut fields = Fields::new(fields);
    let mut side = |name| fields.required(name, |value| integer(value).and_then(|count| u16::try_from(count).ok()));
    let window = Window { rows: side("rows").ok()?, cols: side("cols").ok()? };
    fields.finish().ok()?;
    (window.rows > 0 && window.cols > 0).then_some(window)
}

fn user(value: Value) -> Option<User> {
    let Value::Object(fields) = value else { return None };
    let mut fields = Fields::new(fields);
    let user = User {
        uid: fields.required("uid", id).ok()?,
        gid: fields.required("gid", id).ok()?,
        groups: fields.required("groups", groups).ok()?,
    };
    fields.finish().ok()?;
    Some(user)
}

fn groups(value: Value) -> Option<Vec<u32>> {
    match value {
        Value::Array(items) if items.len() <= GROUPS_MAX => items.into_iter().map(id).collect(),
        _ => None,
    }
}

fn id(value: Value) -> Option<u32> {
    integer(value).filter(|id| *id <= ID_MAX).and_then(|id| u32::try_from(id).ok())
}
