//! What host and supervisor say to each other on control: see `docs/guest.md`.

use crate::base64;
use bulkhead_alone::{Judged, Stats};
use bulkhead_plan::{Code, Error};
use bulkhead_protocol::facts::Facts;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub const GENERATION: u32 = 1;
pub const MAX_IMAGES: u32 = 16;
const ENTROPY: std::ops::RangeInclusive<usize> = 32..=512;

#[derive(Debug)]
pub enum FromHost {
    Boot(Box<Boot>),
    Awake(Box<Awake>),
    Quiesce { seq: u64 },
    Stats { seq: u64 },
    Evidence { seq: u64 },
    Poweroff,
}

/// Read first: serde cannot keep a part of a message as text when it also chooses by a field of it.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Boot {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    pub generation: u32,
    pub entropy: Entropy,
    pub clock_us: u64,
    pub images: u32,
    pub apparmor: Option<String>,
    /// The sandbox's egress has a port of its own.
    pub egress: bool,
    /// As it came: the broker's code parses it, and checks it, as it does on a host.
    pub plan: Box<RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Awake {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    pub seq: u64,
    pub entropy: Entropy,
    pub clock_us: u64,
    pub hostname: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    seq: u64,
}

impl FromHost {
    pub fn read(text: &[u8]) -> serde_json::Result<Self> {
        let question = || serde_json::from_slice(text).map(|question: Question| question.seq);
        Ok(match serde_json::from_slice::<Kind>(text)?.kind {
            "boot" => Self::Boot(serde_json::from_slice(text)?),
            "awake" => Self::Awake(serde_json::from_slice(text)?),
            "quiesce" => Self::Quiesce { seq: question()? },
            "stats" => Self::Stats { seq: question()? },
            "evidence" => Self::Evidence { seq: question()? },
            "poweroff" => Self::Poweroff,
            _ => return Err(serde::de::Error::custom("unknown type")),
        })
    }
}

/// Random bytes of the host's that nobody else has got.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Entropy(pub Vec<u8>);

impl TryFrom<String> for Entropy {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        base64::decode(&text).filter(|bytes| ENTROPY.contains(&bytes.len())).map(Self).ok_or("entropy")
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ToHost<'a> {
    #[serde(rename_all = "camelCase")]
    Ready { generation: u32, facts: Facts, boot_us: u64 },
    #[serde(rename_all = "camelCase")]
    Booted { evidence: Box<Judged>, boot_us: u64 },
    Failed {
        #[cfg_attr(feature = "schema", schemars(with = "serde_json::Value"))]
        error: &'a Error,
    },
    Ended {
        #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
        code: i32,
        stats: Stats,
    },
    /// With one of both.
    Reply {
        seq: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
        value: Option<Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
        error: Option<Error>,
    },
}

impl ToHost<'_> {
    pub fn reply(seq: u64, outcome: Result<Value, Error>) -> Self {
        let (value, error) = match outcome {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error)),
        };
        Self::Reply { seq, value, error }
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Value {
    Nothing {},
    Stats(Stats),
    Evidence(Box<Judged>),
}

impl Boot {
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |field: &str| Error::new(Code::GuestFailed, "read boot message").detail(field);
        if self.generation != GENERATION {
            return Err(wrong("generation"));
        }
        if !(1..=MAX_IMAGES).contains(&self.images) {
            return Err(wrong("images"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> serde_json::Result<FromHost> {
        FromHost::read(text.as_bytes())
    }

    const BOOT: &str = r#"{"type":"boot","generation":1,"entropy":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","clockUs":5,"images":2,"apparmor":null,"egress":true,"plan":{"a":1}}"#;

    #[test]
    fn a_boot_message_keeps_its_plan_as_text() {
        let Ok(FromHost::Boot(boot)) = read(BOOT) else { panic!("{:?}", read(BOOT)) };
        assert_eq!((boot.entropy.0.len(), boot.images, boot.egress, boot.plan.get()), (32, 2, true, r#"{"a":1}"#));
        assert!(boot.check().is_ok());
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [
            r#"{"type":"boot"}"#,
            r#"{"type":"reboot"}"#,
            r#"{"type":"stats"}"#,
            r#"{"type":"stats","seq":-1}"#,
            r#"{"type":"awake","seq":1,"entropy":"AAAA","clockUs":1,"hostname":"a"}"#,
            "[]",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&BOOT.replace("\"images\"", "\"more\":1,\"images\"")).is_err());
    }

    #[test]
    fn replies_are_flat() {
        let reply = ToHost::reply(7, Ok(Value::Nothing {}));
        assert_eq!(serde_json::to_string(&reply).unwrap(), r#"{"type":"reply","seq":7,"value":{}}"#);
        let error = Error::new(Code::GuestFailed, "quiesce");
        let reply = ToHost::reply(8, Err(error));
        let text = serde_json::to_string(&reply).unwrap();
        assert_eq!(text, r#"{"type":"reply","seq":8,"error":{"code":"GUEST_FAILED","operation":"quiesce"}}"#);
    }
}
