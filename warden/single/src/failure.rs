//! Why nothing was started, in the words of the library's errors (`packages/bulkhead/src/errors/codes/host.ts`).

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Missing,
    Altered,
    Untrusted,
}

#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    operation: &'static str,
    path: PathBuf,
    detail: String,
}

impl Failure {
    /// The file system refused.
    pub fn missing(operation: &'static str, path: &Path, error: &dyn Display) -> Self {
        Self::new(Code::Missing, operation, path, error.to_string())
    }

    /// The file is not the one that was built.
    pub fn altered(path: &Path, detail: impl Into<String>) -> Self {
        Self::new(Code::Altered, "check", path, detail.into())
    }

    /// Another user could change the programs.
    pub fn untrusted(path: &Path, detail: impl Into<String>) -> Self {
        Self::new(Code::Untrusted, "check", path, detail.into())
    }

    fn new(code: Code, operation: &'static str, path: &Path, detail: String) -> Self {
        Self { code, operation, path: path.to_owned(), detail }
    }
}

impl Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, remedy) = match self.code {
            Code::Missing => (
                "SETUP_MISSING",
                "Set BULKHEAD_PROGRAMS to a directory of yours with 200 MB of room, on a file system that allows programs to run.",
            ),
            Code::Altered => ("INSTALLATION_ALTERED", "Download the file again and compare its SHA-256."),
            Code::Untrusted => (
                "INSTALLATION_UNTRUSTED",
                "Correct the owner or mode of the path, or set BULKHEAD_PROGRAMS to a directory that only you and root can write to.",
            ),
        };
        let Self { operation, path, detail, .. } = self;
        write!(to, "{code}: {detail} ({operation} {})\n  remedy: {remedy}", path.display())
    }
}
