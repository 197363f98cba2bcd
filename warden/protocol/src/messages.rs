//! The messages themselves.

use crate::seen::{Cause, Evidence, Stats};
use bulkhead_error::Error;
use bulkhead_order::Level;
use bulkhead_order::wire::Bytes;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToKeeper {
    /// With the channel, the attached connections and, as root, the opened sources, in this order.
    Launch(Launch),
    /// A request about a sandbox of this front.
    Ask(Ask),
    /// Lists the caller's sandboxes; the answer has this number.
    List(u64),
    /// Ends one of the caller's sandboxes, from any front.
    End(End),
    /// The front itself refused this launch: for the log.
    Refuse(Refused),
    /// The process of this number may not use the broker, and has been told: for the log.
    Stranger(i32),
    /// The front is idle, and has received this many connections.
    Idle(u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The process at the other end of the control connection, for people to read.
    pub caller_pid: i32,
    pub order: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub seq: u64,
    pub id: String,
    pub request: Request,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "lowercase"))]
pub enum Request {
    Stats,
    Evidence,
    Pause,
    Resume,
    Kill,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub seq: u64,
    pub id: String,
    /// Pid of the caller, for the log.
    pub pid: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub id: String,
    pub error: Error,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToFront {
    /// A new connection of the caller: the descriptor.
    Connection(()),
    Launched(Box<Launched>),
    Refused(Refused),
    Ended(Box<Ended>),
    Reply(Reply),
    Listed(Listed),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    pub id: String,
    pub pid: i32,
    /// The first id of its range on the host; none without root.
    pub base: Option<u32>,
    pub evidence: Evidence,
    /// The moments of the launch: see docs/control.md.
    pub marks: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub id: String,
    pub cause: Cause,
    pub stats: Stats,
    pub error: Option<Error>,
    /// The moments of the end.
    pub marks: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub seq: u64,
    pub answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Done(()),
    Stats(Stats),
    Evidence(Box<Evidence>),
    Failed(Error),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub seq: u64,
    pub sandboxes: Vec<Live>,
    /// How many did not fit.
    pub more: u64,
}

/// A live sandbox, as reported to its caller and to root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(rename_all = "camelCase"))]
pub struct Live {
    pub id: String,
    pub level: Level,
    pub state: State,
    /// Uid of the sandbox's owner.
    pub uid: u32,
    /// Process id of its init.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub pid: i32,
    /// Process id of the program that created it; 0 if it is not visible from here.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub caller_pid: i32,
    pub age_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "json", serde(rename_all = "lowercase"))]
pub enum State {
    Launching,
    Running,
    Paused,
    Ending,
}
