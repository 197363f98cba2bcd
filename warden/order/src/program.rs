//! What is executed in the end, and what it starts with.

use std::ffi::CString;

/// The highest descriptor that a program can be given; the broker keeps its own above it.
pub const LAST_FD: u8 = 15;

/// Where init finds the filter for what it starts, when there is one.
pub const FILTER_FD: u8 = 4;

/// Connections that may wait for one launch.
pub const MAX_ATTACHED: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Init, whose child becomes the workload: it starts with the workload's filter to be put in force there.
    pub is_init: bool,
    /// Absolute, inside. None: the warden.
    pub path: Option<CString>,
    pub argv: Vec<CString>,
    /// The whole environment.
    pub env: Vec<CString>,
    /// Where it finds the launch connection.
    pub channel: Channel,
    /// What else it starts with. Everything that is not named is closed, but 0, 1 and 2, which then are /dev/null.
    pub descriptors: Vec<Descriptor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// 0 for a program that has another connection as 1; else 3 to 15.
    Fd(u8),
    /// Descriptors 0 and 1.
    Stdio(()),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Descriptor {
    /// The next of the connections that came with the order, at this number.
    Attached(u8),
    /// A file of the sandbox, opened there as the program's user.
    Open(Open),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    pub fd: u8,
    pub path: String,
    /// For writing too.
    pub write: bool,
}

impl Descriptor {
    #[must_use]
    pub fn fd(&self) -> u8 {
        match self {
            Self::Attached(fd) => *fd,
            Self::Open(open) => open.fd,
        }
    }
}
