//! One error shape on every wire: a stable code, what was attempted, on what, and the errno.

use serde::{Deserialize, Serialize};

/// The codes that the warden can report. `packages/bulkhead/src/errors/registry.ts` holds cause and remedy of each; a test keeps the two alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    PlanInvalid,
    CallerRefused,
    SessionUnknown,
    IdTaken,
    IdUnknown,
    LimitAboveMaximum,
    TooManySandboxes,
    UidRangeExhausted,
    UsernsRefused,
    NamespaceRefused,
    RootUnavailable,
    MountSourceUnavailable,
    MountSourceLink,
    MountOwnerRoot,
    MountOwnerForeign,
    MountIdmapUnsupported,
    MountTargetUnavailable,
    MountFailed,
    CgroupUnavailable,
    SeccompFailed,
    LandlockFailed,
    ApparmorFailed,
    SelinuxFailed,
    LaunchFailed,
    LaunchTimeout,
    EnforcementMismatch,
    ExecNotFound,
    ExecNotExecutable,
    ExecFailed,
    ExecUserFixed,
    CwdUnavailable,
    TooManyOperations,
    FileNotFound,
    FileExists,
    FileDenied,
    FileIsDirectory,
    FileNotDirectory,
    FileNotEmpty,
    FileNotRegular,
    FileNoSpace,
    FileTooLarge,
    FileFailed,
    ListenFailed,
    ConnectFailed,
    RequestInvalid,
    GuestFailed,
}

/// `operation` names what was attempted (a syscall or a step), `path` on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Error {
    pub code: Code,
    pub operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// A field, a value or a bound; never a sentence that somebody would have to parse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Error {
    pub fn new(code: Code, operation: &str) -> Self {
        Self { code, operation: operation.to_owned(), path: None, errno: None, detail: None }
    }

    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    #[must_use]
    pub fn errno(mut self, errno: i32) -> Self {
        self.errno = Some(errno);
        self
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// As on every wire: `LAUNCH_FAILED`.
impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.operation)?;
        if let Some(path) = &self.path {
            write!(f, " {path}")?;
        }
        if let Some(errno) = self.errno {
            write!(f, ": {}", std::io::Error::from_raw_os_error(errno))?;
        }
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
