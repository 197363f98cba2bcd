//! Frames, and the bounds of each kind.

use crate::message::{Accept, Control, Hello, Outcome};
use crate::violation::Violation;
use serde_json::{Map, Value};

/// Protocol generation of `hello`.
pub const GENERATION: u32 = 1;
/// `u32 length, u8 kind, u32 stream`.
pub const HEAD: usize = 9;
/// What `length` counts besides the payload: kind and stream.
pub const LENGTH_BASE: usize = 5;
/// Raw bytes in one `data` frame.
pub const DATA_MAX: usize = 65_536;
/// JSON from the host: an argv and an environment fit.
pub const HOST_JSON_MAX: usize = 1 << 20;
/// JSON from init: no answer needs more.
pub const INIT_JSON_MAX: usize = 1 << 16;

/// Streams of one side that may be open at once.
pub const STREAMS_MAX: usize = 1024;

/// Input of an operation.
pub const FD_IN: u8 = 0;
/// Output of an operation.
pub const FD_OUT: u8 = 1;
/// Its stderr.
pub const FD_ERR: u8 = 2;

/// The side that sent the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Host,
    Init,
}

/// The second field of every frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Hello = 1,
    Request = 2,
    Accept = 3,
    Result = 4,
    Data = 5,
    End = 6,
    Credit = 7,
    Control = 8,
    Cancel = 9,
}

/// One frame that satisfies every rule that does not depend on earlier frames.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame<'a> {
    Hello(Hello),
    /// From the host, not yet parsed as a [`crate::Request`]: an invalid one costs its stream, not the connection. From
    /// init, a [`crate::Connection`].
    Request {
        stream: u32,
        fields: Map<String, Value>,
    },
    Accept {
        stream: u32,
        accept: Accept,
    },
    Result {
        stream: u32,
        outcome: Outcome,
    },
    /// 1 to [`DATA_MAX`] bytes.
    Data {
        stream: u32,
        fd: u8,
        bytes: &'a [u8],
    },
    End {
        stream: u32,
        fd: u8,
    },
    Credit {
        stream: u32,
        fd: u8,
        bytes: u32,
    },
    Control {
        stream: u32,
        control: Control,
    },
    Cancel {
        stream: u32,
    },
}

impl Frame<'_> {
    /// Zero for `hello` only.
    #[must_use]
    pub const fn stream(&self) -> u32 {
        match self {
            Self::Hello(_) => 0,
            Self::Request { stream, .. }
            | Self::Accept { stream, .. }
            | Self::Result { stream, .. }
            | Self::Data { stream, .. }
            | Self::End { stream, .. }
            | Self::Credit { stream, .. }
            | Self::Control { stream, .. }
            | Self::Cancel { stream } => *stream,
        }
    }
}

impl Side {
    /// The largest `length` of any kind: known before the kind is, so that four bytes are enough to refuse.
    pub(crate) const fn length_max(self) -> usize {
        let json = self.json_max();
        LENGTH_BASE + if json > DATA_MAX + 1 { json } else { DATA_MAX + 1 }
    }

    const fn json_max(self) -> usize {
        match self {
            Self::Host => HOST_JSON_MAX,
            Self::Init => INIT_JSON_MAX,
        }
    }

    /// Whether `data` and `end` on `fd` flow away from this side.
    pub(crate) const fn sends(self, fd: u8) -> bool {
        match self {
            Self::Host => fd == FD_IN,
            Self::Init => fd == FD_OUT || fd == FD_ERR,
        }
    }

    /// Whether this side receives on `fd`, and so may grant credit for it.
    pub(crate) const fn receives(self, fd: u8) -> bool {
        match self {
            Self::Host => Self::Init.sends(fd),
            Self::Init => Self::Host.sends(fd),
        }
    }
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Hello,
        Self::Request,
        Self::Accept,
        Self::Result,
        Self::Data,
        Self::End,
        Self::Credit,
        Self::Control,
        Self::Cancel,
    ];

    pub(crate) fn parse(byte: u8) -> Result<Self, Violation> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte).ok_or(Violation::Kind)
    }

    pub(crate) const fn comes_from(self, side: Side) -> bool {
        match self {
            Self::Hello | Self::Request | Self::Data | Self::End | Self::Credit => true,
            Self::Control | Self::Cancel => matches!(side, Side::Host),
            Self::Accept | Self::Result => matches!(side, Side::Init),
        }
    }

    /// The smallest and largest payload of this kind.
    pub(crate) const fn bounds(self, side: Side) -> (usize, usize) {
        match self {
            Self::Data => (2, 1 + DATA_MAX),
            Self::End => (1, 1),
            Self::Credit => (5, 5),
            Self::Cancel => (0, 0),
            Self::Hello | Self::Request | Self::Accept | Self::Result | Self::Control => (0, side.json_max()),
        }
    }
}
