//! The words of docs/control.md.

use crate::cgroup::Counters;
use crate::evidence::Evidence;
use crate::options::Maxima;
use bulkhead_plan::Error;
use bulkhead_plan::facts::Facts;
use bulkhead_plan::model::Level;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The first message on a connection to the socket.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    #[serde(rename = "type")]
    pub kind: OpeningKind,
    /// With `launch` and `attach`.
    pub session: Option<String>,
    /// With `launch` only; parsed by itself, as strictly as a plan is.
    pub plan: Option<Box<RawValue>>,
    /// With `attach`: of the sandbox that is going to be launched; with `kill` of the one that is to end.
    pub id: Option<String>,
    /// With `attach` only: what the plan calls this connection.
    pub name: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OpeningKind {
    Control,
    Launch,
    Attach,
    /// Which sandboxes of this caller's are alive; one answer, and the connection is closed. `kill`, with an id, alike.
    List,
    Kill,
}

/// What a library asks for on its control connection.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    #[serde(rename = "type")]
    pub kind: RequestKind,
    pub seq: u64,
    pub id: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum RequestKind {
    Stats,
    Evidence,
    Pause,
    Resume,
    Kill,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Message<'a> {
    Hello {
        generation: u32,
        version: &'a str,
        session: &'a str,
        socket: &'a str,
        facts: Box<Facts>,
        limits: &'a Maxima,
    },
    Launched {
        id: &'a str,
        pid: i32,
        evidence: Box<Evidence>,
    },
    Refused {
        id: &'a str,
        error: &'a Error,
    },
    Ended {
        id: &'a str,
        cause: Cause,
        stats: Stats,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a Error>,
    },
    /// Answers `list`. `more`: how many have no room in it.
    Sandboxes {
        sandboxes: Vec<Live<'a>>,
        more: usize,
    },
    Reply {
        seq: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<serde_json::Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Error>,
    },
}

/// One that is alive, as its caller and root are told of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Live<'a> {
    pub id: &'a str,
    pub level: Level,
    pub state: State,
    /// Whose it is.
    pub uid: u32,
    /// Of init, as this host sees it.
    pub pid: i32,
    /// Of the program that has its control connection; 0 where that is not to be seen from here.
    pub caller_pid: i32,
    pub age_ms: u64,
}

#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Launching,
    Running,
    Paused,
    Ending,
}

#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// Init ended by itself, or its connection did.
    Exited,
    /// Somebody asked for it.
    Killed,
    /// What is in force was not what the plan says.
    Failed,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    #[serde(flatten)]
    pub counters: Counters,
    pub disk_full: Option<bool>,
}

/// The id of a plan that may be wrong in every other way, so that its refusal can be told to whoever waits for it.
pub fn id_of(plan: &RawValue) -> String {
    #[derive(Deserialize)]
    struct OnlyId {
        id: String,
    }
    serde_json::from_str::<OnlyId>(plan.get()).map(|only| only.id.chars().take(64).collect()).unwrap_or_default()
}
