//! The JSON payloads, except requests.

use crate::frame::{GENERATION, Side};
use crate::violation::Violation;
use bulkhead_plan::{Code, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub const OPERATION_MAX: usize = 64;
pub const PATH_MAX: usize = 4096;
/// Linux has no signal above this one.
const SIGNAL_MAX: i32 = 64;
/// The largest integer that the host's numbers hold exactly.
const TOKEN_MAX: u64 = (1 << 53) - 1;

/// Codes that init reports. They all concern events inside: init must not be able to claim that Bulkhead itself failed.
pub const CODES: [Code; 19] = [
    Code::ExecNotFound,
    Code::ExecNotExecutable,
    Code::ExecFailed,
    Code::ExecUserFixed,
    Code::CwdUnavailable,
    Code::TooManyOperations,
    Code::FileNotFound,
    Code::FileExists,
    Code::FileDenied,
    Code::FileIsDirectory,
    Code::FileNotDirectory,
    Code::FileNotEmpty,
    Code::FileNotRegular,
    Code::FileNoSpace,
    Code::FileTooLarge,
    Code::FileFailed,
    Code::RequestInvalid,
    Code::ListenFailed,
    Code::ConnectFailed,
];

/// First frame of each side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hello {
    pub generation: u32,
    /// Names that the other side may not know, and then ignores.
    #[cfg_attr(feature = "schema", schemars(inner(length(max = 64))))]
    pub features: Vec<String>,
}

impl Hello {
    /// The features of this generation.
    #[must_use]
    pub const fn ours() -> Self {
        Self { generation: GENERATION, features: Vec::new() }
    }
}

/// The operation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// Process id of an `exec`, as seen inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 2_147_483_647)))]
    pub pid: Option<u32>,
}

/// A request of init: a program inside has connected to one of the host's listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, tag = "op", rename_all = "lowercase")]
pub enum Connection {
    /// `listen` is the stream of the listener.
    Connection { listen: u32 },
}

/// For a running operation: an `exec`, or the last one for a `checkpoint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, tag = "op", rename_all = "lowercase")]
pub enum Control {
    /// To its process group.
    Signal { signal: i32 },
    /// Size of its terminal; both at least 1.
    Resize { rows: u16, cols: u16 },
    /// No copy was made of this machine, or it is the original: continue.
    Continue {},
    /// Pass this connection to the service's bridge, with this number.
    Hand { token: u64 },
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Done(Map<String, Value>),
    Failed(Error),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeText {
    ok: bool,
    value: Option<Map<String, Value>>,
    error: Option<Error>,
}

/// A message with rules beyond its type.
pub(crate) trait Message: Sized {
    fn from_object(object: Map<String, Value>) -> Option<Self>;
}

/// Parses the text of one JSON object, and nothing else.
pub(crate) fn object(text: &[u8]) -> Result<Map<String, Value>, Violation> {
    serde_json::from_slice(text).map_err(|_| Violation::Json)
}

/// The payload of a `request`. Init may send few requests, and ours never sends others.
pub(crate) fn request(side: Side, text: &[u8]) -> Result<Map<String, Value>, Violation> {
    let fields = object(text)?;
    match side {
        Side::Init if Connection::from_object(fields.clone()).is_none() => Err(Violation::Message),
        Side::Host | Side::Init => Ok(fields),
    }
}

pub(crate) fn parse<T: Message>(text: &[u8]) -> Result<T, Violation> {
    T::from_object(object(text)?).ok_or(Violation::Message)
}

fn typed<T: serde::de::DeserializeOwned>(object: Map<String, Value>) -> Option<T> {
    serde_json::from_value(Value::Object(object)).ok()
}

impl Message for Hello {
    fn from_object(object: Map<String, Value>) -> Option<Self> {
        typed::<Self>(object).filter(|hello| hello.generation == GENERATION)
    }
}

impl Message for Accept {
    fn from_object(object: Map<String, Value>) -> Option<Self> {
        typed(object)
    }
}

impl Message for Connection {
    fn from_object(object: Map<String, Value>) -> Option<Self> {
        typed(object)
    }
}

impl Message for Control {
    fn from_object(object: Map<String, Value>) -> Option<Self> {
        typed::<Self>(object).filter(|control| match *control {
            Self::Signal { signal } => (1..=SIGNAL_MAX).contains(&signal),
            Self::Resize { rows, cols } => rows > 0 && cols > 0,
            Self::Continue {} => true,
            Self::Hand { token } => token <= TOKEN_MAX,
        })
    }
}

impl Message for Outcome {
    fn from_object(object: Map<String, Value>) -> Option<Self> {
        match typed::<OutcomeText>(object)? {
            OutcomeText { ok: true, value: Some(value), error: None } => Some(Self::Done(value)),
            OutcomeText { ok: false, value: None, error: Some(error) } if within_bounds(&error) => {
                Some(Self::Failed(error))
            }
            _ => None,
        }
    }
}

impl Outcome {
    /// Reads the payload of a `result`, also from the processes that serve file operations.
    pub fn parse(text: &[u8]) -> Result<Self, Violation> {
        parse(text)
    }

    /// The payload of a `result`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Done(value) => serde_json::json!({ "ok": true, "value": value }),
            Self::Failed(error) => serde_json::json!({ "ok": false, "error": error }),
        }
    }
}

fn within_bounds(error: &Error) -> bool {
    error.operation.len() <= OPERATION_MAX && error.path.as_ref().is_none_or(|path| path.len() <= PATH_MAX)
}
