//! The program that setup executes, and its initial state.

use std::ffi::CString;

/// The highest descriptor that a program can be given; the broker keeps its own above it.
pub const LAST_FD: u8 = 15;

/// The descriptor of the filter for init's children, if there is one.
pub const FILTER_FD: u8 = 4;

/// Connections that one launch may wait for.
pub const MAX_ATTACHED: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// It is init, whose child becomes the workload: init gets the workload's filter, to install it there.
    pub is_init: bool,
    /// Absolute, inside. `None`: the warden.
    pub path: Option<CString>,
    pub argv: Vec<CString>,
    /// The whole environment.
    pub env: Vec<CString>,
    /// The descriptors of the launch connection.
    pub channel: Channel,
    /// Its other descriptors. All that are not named are closed, except 0, 1 and 2, which are then /dev/null.
    pub descriptors: Vec<Descriptor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// 0 for a program with another connection as 1; else 3 to 15.
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
    /// Open for writing too.
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
