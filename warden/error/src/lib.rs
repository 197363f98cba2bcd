//! One error shape on every wire: a stable code, what was attempted, on what, and the errno.

macro_rules! codes {
    ($($name:ident),+ $(,)?) => {
        /// The codes that the warden can report. `packages/bulkhead/src/errors/registry.ts` contains the cause and
        /// remedy of each, and does not compile without one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "json", serde(rename_all = "SCREAMING_SNAKE_CASE"))]
        pub enum Code {
            $($name),+
        }

        impl Code {
            /// In the order of their numbers, which are exchanged only between processes of one binary.
            pub const ALL: &[Self] = &[$(Self::$name),+];
        }
    };
}

codes! {
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
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WireError"))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Error {
    pub code: Code,
    #[cfg_attr(feature = "schema", schemars(length(max = 64)))]
    pub operation: String,
    #[cfg_attr(feature = "json", serde(default, skip_serializing_if = "Option::is_none"))]
    pub path: Option<String>,
    #[cfg_attr(feature = "json", serde(default, skip_serializing_if = "Option::is_none"))]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 4095)))]
    pub errno: Option<i32>,
    /// A field, a value or a limit; never a sentence that a program would have to parse.
    #[cfg_attr(feature = "json", serde(default, skip_serializing_if = "Option::is_none"))]
    pub detail: Option<String>,
}

impl Code {
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// `None`: no code has this number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
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
        for (at, letter) in format!("{self:?}").chars().enumerate() {
            if at > 0 && letter.is_ascii_uppercase() {
                f.write_str("_")?;
            }
            write!(f, "{}", letter.to_ascii_uppercase())?;
        }
        Ok(())
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

/// Adds code, operation and path to a failed syscall. One call names one operation, so that an error can be traced to
/// its line.
pub trait Attempt<T> {
    fn attempt(self, code: Code, operation: &str) -> Result<T, Error>;
    fn attempt_on(self, code: Code, operation: &str, path: &str) -> Result<T, Error>;
}

impl<T> Attempt<T> for Result<T, rustix::io::Errno> {
    fn attempt(self, code: Code, operation: &str) -> Result<T, Error> {
        self.map_err(|errno| Error::new(code, operation).errno(errno.raw_os_error()))
    }

    fn attempt_on(self, code: Code, operation: &str, path: &str) -> Result<T, Error> {
        self.map_err(|errno| Error::new(code, operation).path(path).errno(errno.raw_os_error()))
    }
}

impl<T> Attempt<T> for std::io::Result<T> {
    fn attempt(self, code: Code, operation: &str) -> Result<T, Error> {
        self.map_err(|error| io_error(code, operation, &error))
    }

    fn attempt_on(self, code: Code, operation: &str, path: &str) -> Result<T, Error> {
        self.map_err(|error| io_error(code, operation, &error).path(path))
    }
}

fn io_error(code: Code, operation: &str, error: &std::io::Error) -> Error {
    let described = Error::new(code, operation);
    match error.raw_os_error() {
        Some(errno) => described.errno(errno),
        None => described.detail(error.kind().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_written_as_on_every_wire() {
        assert_eq!(Code::ExecNotFound.to_string(), "EXEC_NOT_FOUND");
        let error = Error::new(Code::MountFailed, "move_mount").path("/x").errno(2).detail("y");
        assert!(error.to_string().starts_with("MOUNT_FAILED: move_mount /x: No such file"));
    }

    #[test]
    fn each_code_has_a_number_of_its_own() {
        for code in Code::ALL {
            assert_eq!(Code::of_number(code.number()), Some(*code));
        }
        assert_eq!(Code::of_number(u8::MAX), None);
    }
}
