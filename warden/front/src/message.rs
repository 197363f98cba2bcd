//! The messages of docs/control.md.

use crate::judged::Judged;
use bulkhead_error::Error;
use bulkhead_protocol::facts::{Facts, Maxima};
use bulkhead_protocol::{Cause, Live, Request as Kind, Stats};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Protocol generation in `hello`: a library of another generation refuses it.
pub const GENERATION: u32 = 1;
/// Maximum bytes of an opening, which may carry a plan.
pub const MAX_OPENING: usize = 1 << 20;

/// The first message on a connection to the socket.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    #[serde(rename = "type")]
    pub kind: OpeningKind,
    /// With `launch` and `attach`.
    pub session: Option<String>,
    /// With `launch` only; parsed separately, as strictly as every plan.
    pub plan: Option<Box<RawValue>>,
    /// With `attach`: the sandbox to be launched; with `kill`: the one to end; with `hub`: the hub's own.
    pub id: Option<String>,
    /// With `attach` only: the plan's name for this connection.
    pub name: Option<String>,
    /// With `attach`: the hub that gets the other end. Without it, that is the caller itself.
    pub hub: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OpeningKind {
    Control,
    Launch,
    Attach,
    /// A connection over which the caller's process gets ends of connections to several sandboxes.
    Hub,
    /// Asks for this caller's live sandboxes. The broker answers once and closes the connection. So with `kill`, which
    /// has an id.
    List,
    Kill,
}

/// A library's request on its control connection.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    #[serde(rename = "type")]
    pub kind: Kind,
    pub seq: u64,
    pub id: String,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Message<'a> {
    Hello {
        generation: u32,
        #[cfg_attr(feature = "schema", schemars(length(max = 64)))]
        version: &'a str,
        #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{32}$")))]
        session: &'a str,
        /// A path, or `@` followed by an abstract name.
        #[cfg_attr(feature = "schema", schemars(length(max = 108), regex(pattern = "^[@/].")))]
        socket: &'a str,
        facts: &'a Facts,
        limits: &'a Maxima,
    },
    Launched {
        id: &'a str,
        #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
        pid: i32,
        evidence: &'a Judged,
        #[cfg_attr(feature = "schema", schemars(length(max = 32)))]
        marks: &'a [u64],
    },
    Refused {
        id: &'a str,
        #[cfg_attr(feature = "schema", schemars(with = "serde_json::Value"))]
        error: &'a Error,
    },
    Ended {
        id: &'a str,
        cause: Cause,
        stats: &'a Stats,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
        error: Option<&'a Error>,
        #[cfg_attr(feature = "schema", schemars(length(max = 32)))]
        marks: &'a [u64],
    },
    /// Answers `list`. `more`: how many did not fit.
    Sandboxes { sandboxes: &'a [Live], more: u64 },
    Reply {
        seq: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<serde_json::Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
        error: Option<&'a Error>,
    },
}

/// The id of a plan that may be invalid in every other way, so that its refusal can reach the waiting launch.
pub fn id_of(plan: &RawValue) -> String {
    #[derive(Deserialize)]
    struct OnlyId {
        id: String,
    }
    serde_json::from_str::<OnlyId>(plan.get()).map(|only| only.id.chars().take(64).collect()).unwrap_or_default()
}
