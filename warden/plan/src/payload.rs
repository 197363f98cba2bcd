//! The program that the confined child executes: our own init, or a program that builds a sandbox of its own inside the
//! jail.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Path of a [`Program`] that means the broker's own sealed copy of the warden.
pub const WARDEN: &str = "warden";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Payload {
    Init(Init),
    Program(Program),
}

impl Default for Payload {
    fn default() -> Self {
        Self::Init(Init { egress: false, bridge: false })
    }
}

/// Levels `chroot` and `container`: init serves the channel, and workloads are its children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Init {
    /// A second connection, attached as [`EGRESS`]: it carries only the sandbox's egress.
    #[serde(default)]
    pub egress: bool,
    /// A connection attached as [`BRIDGE`]: init passes connections of the service's channels over it.
    #[serde(default)]
    pub bridge: bool,
}

/// The library's name for the connection between init and the gate.
pub const EGRESS: &str = "egress";
/// The library's name for the connection between init and the service's bridge.
pub const BRIDGE: &str = "bridge";

/// Levels `gvisor` and `microvm`. It runs as the plan's user with the plan's capabilities, under all other protections
/// of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Program {
    /// Absolute, inside the jail; or [`WARDEN`], whose second argument then is a role.
    pub path: String,
    pub argv: Vec<String>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
    /// The descriptors of the launch connection.
    pub channel: Channel,
    /// Its other descriptors. All that are not named are closed, except 0, 1 and 2, which are then /dev/null.
    pub descriptors: Vec<Descriptor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Channel {
    /// 0 for a program with another connection as 1; else 3 to 15.
    Fd(u8),
    Stdio(Stdio),
}

/// Descriptors 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stdio {
    Stdio,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Descriptor {
    /// Another connection, which the library opened for this launch under this name.
    Attached(Attached),
    /// A file of the jail, opened there as the plan's user.
    Open(Open),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Attached {
    pub fd: u8,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Open {
    pub fd: u8,
    pub path: String,
    /// Open for writing too.
    pub write: bool,
}

pub use bulkhead_order::{LAST_FD, MAX_ATTACHED};

impl Descriptor {
    #[must_use]
    pub fn fd(&self) -> u8 {
        match self {
            Self::Attached(attached) => attached.fd,
            Self::Open(open) => open.fd,
        }
    }
}

impl Payload {
    #[must_use]
    pub fn program(&self) -> Option<&Program> {
        match self {
            Self::Init(_) => None,
            Self::Program(program) => Some(program),
        }
    }

    /// Names of the connections that it needs.
    pub fn attached(&self) -> impl Iterator<Item = &str> {
        let of_init = match self {
            Self::Init(init) => [init.egress.then_some(EGRESS), init.bridge.then_some(BRIDGE)],
            Self::Program(_) => [None, None],
        };
        let descriptors = self.program().map(|program| program.descriptors.as_slice()).unwrap_or_default();
        let of_program = descriptors.iter().filter_map(|descriptor| match descriptor {
            Descriptor::Attached(attached) => Some(attached.name.as_str()),
            Descriptor::Open(_) => None,
        });
        of_init.into_iter().flatten().chain(of_program)
    }
}
