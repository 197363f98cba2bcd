//! Why a layer was not unpacked: one shape, sent as JSON, never a sentence to parse.

use serde::Serialize;

/// The codes of `packages/bulkhead/src/errors/codes/images.ts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Code {
    /// The archive is malformed, ambiguous, or uses features that no layer needs.
    #[serde(rename = "IMAGE_INVALID")]
    Invalid,
    /// The archive reached a limit of [`crate::limits::Limits`].
    #[serde(rename = "IMAGE_LIMIT")]
    Limit,
    /// The archive may be valid; the file system or the pipe failed.
    #[serde(rename = "IMAGE_UNPACK_FAILED")]
    UnpackFailed,
}

/// `operation` is what was attempted, `path` the entry's name (lossy where it is not UTF-8), `detail` the rule or
/// bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    code: Code,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Maximum length of a path in an error, which is for people.
const SHOWN_PATH_BYTES: usize = 512;

impl Failure {
    /// The archive breaks a rule.
    pub fn invalid(operation: &'static str, detail: &str) -> Self {
        Self { code: Code::Invalid, operation, path: None, errno: None, detail: Some(detail.to_owned()) }
    }

    /// A bound was reached; `detail` names it as on the command line.
    pub fn limit(operation: &'static str, bound: &str) -> Self {
        Self { code: Code::Limit, operation, path: None, errno: None, detail: Some(bound.to_owned()) }
    }

    /// A system call failed.
    pub fn system(operation: &'static str, errno: rustix::io::Errno) -> Self {
        Self { code: Code::UnpackFailed, operation, path: None, errno: Some(errno.raw_os_error()), detail: None }
    }

    /// Adds the entry's name, unless it is already known.
    pub fn at(mut self, path: &[u8]) -> Self {
        if self.path.is_none() {
            let shown = path.get(..SHOWN_PATH_BYTES).unwrap_or(path);
            self.path = Some(String::from_utf8_lossy(shown).into_owned());
        }
        self
    }
}
