//! Why a connection is lost.

/// One violated rule of `docs/channel.md`; [`Violation::reason`] is its name in the golden vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// Below 5, above the limit of its side or kind, or wrong for a kind of fixed size.
    Length,
    Kind,
    /// A kind that only the other side sends.
    Direction,
    /// Stream 0 for anything but `hello`, or another one for `hello`.
    Stream,
    /// A descriptor that does not flow in this direction.
    Fd,
    /// Not the text of one JSON object.
    Json,
    /// An object, but not this message.
    Message,
    /// Something before `hello`, or a second one.
    Hello,
    /// A new stream with the other side's parity, or not above the last one.
    StreamOrder,
    /// A frame for a stream above the last one opened.
    StreamUnknown,
    /// Data beyond the credit.
    CreditExceeded,
    /// Credit beyond 2^31.
    CreditOverflow,
    /// Anything but `continue` or `hello` after a `checkpoint`.
    Silence,
}

impl Violation {
    /// Stable, for logs and for the golden vectors.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Kind => "kind",
            Self::Direction => "direction",
            Self::Stream => "stream",
            Self::Fd => "fd",
            Self::Json => "json",
            Self::Message => "message",
            Self::Hello => "hello",
            Self::StreamOrder => "stream-order",
            Self::StreamUnknown => "stream-unknown",
            Self::CreditExceeded => "credit-exceeded",
            Self::CreditOverflow => "credit-overflow",
            Self::Silence => "silence",
        }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Violation {}
