//! The library's calls (`packages/bulkhead/src/services/channels/carrier.ts`).

use serde::{Deserialize, Deserializer, Serialize};

#[derive(Deserialize)]
#[serde(tag = "method", content = "value", rename_all = "lowercase")]
pub enum Method {
    /// The first call: whether this process works.
    Hello(()),
    /// Two sockets belong together. The answer follows when the connection is over.
    Join(Box<Join>),
    /// End a connection.
    End(End),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    pub connection: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// Number of the connection, unique in the service.
    pub connection: u64,
    /// Number of the channel, whose limits all its connections share.
    pub channel: u64,
    /// Sandboxes of the consumer and the provider.
    pub ends: [String; 2],
    /// The provider gets it first. It does not count.
    #[serde(deserialize_with = "bytes")]
    pub header: Vec<u8>,
    /// Data that the inits of the consumer and the provider had read before they handed over.
    #[serde(deserialize_with = "two")]
    pub first: [Vec<u8>; 2],
    pub limits: Limits,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Limits {
    pub bytes_per_second: Option<u64>,
    /// What is left of them when the channel's first connection is joined.
    pub bytes: Option<u64>,
    pub idle_ms: Option<u64>,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The channel's bytes are used up.
    Bytes,
    /// Nothing moved for too long.
    Idle,
    /// An init did not hand over its socket, or handed over something else.
    Missing,
    /// A component sent a descriptor.
    Descriptor,
    /// The library ended it.
    Ended,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Over {
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// `None`: both ends are done, or one was reset.
    pub reason: Option<Reason>,
}

/// One character for each byte, U+0000 to U+00FF.
fn decoded<E: serde::de::Error>(text: &str) -> Result<Vec<u8>, E> {
    text.chars().map(|one| u8::try_from(u32::from(one)).map_err(|_| E::custom("not latin1"))).collect()
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    decoded(&String::deserialize(from)?)
}

fn two<'de, D: Deserializer<'de>>(from: D) -> Result<[Vec<u8>; 2], D::Error> {
    let [first, second] = <[String; 2]>::deserialize(from)?;
    Ok([decoded(&first)?, decoded(&second)?])
}
