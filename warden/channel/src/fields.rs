//! Takes a JSON object apart field by field, so that an error names the field as data and not in a sentence.

use bulkhead_plan::{Code, Error};
use serde_json::{Map, Value};
use std::ffi::CString;

/// The largest integer that JavaScript represents exactly.
const INTEGER_MAX: u64 = (1 << 53) - 1;
/// `PATH_MAX` counts the trailing NUL.
const PATH_MAX: usize = 4095;

/// The fields that have not been read yet.
pub(crate) struct Fields(Map<String, Value>);

/// `REQUEST_INVALID`, naming the field.
pub(crate) fn invalid(field: &str) -> Error {
    // A name chosen by the host, cut so that the answer stays within its bounds.
    Error::new(Code::RequestInvalid, "request").detail(field.chars().take(64).collect::<String>())
}

impl Fields {
    pub(crate) const fn new(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// `read` converts the value of `name`, or fails.
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| invalid(name)),
        }
    }

    pub(crate) fn required<T>(&mut self, name: &str, read: impl FnOnce(Value) -> Option<T>) -> Result<T, Error> {
        self.optional(name, read)?.ok_or_else(|| invalid(name))
    }

    /// Refuses unknown fields.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(invalid(name)),
        }
    }
}

/// A string without NUL.
pub(crate) fn text(value: Value) -> Option<CString> {
    match value {
        Value::String(text) => CString::new(text).ok(),
        _ => None,
    }
}

/// An absolute path that the kernel accepts.
pub(crate) fn path(value: Value) -> Option<CString> {
    text(value).filter(|path| path.as_bytes().first() == Some(&b'/') && path.as_bytes().len() <= PATH_MAX)
}

// By value like its siblings, so that each can be passed to `Fields::required` by name.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn boolean(value: Value) -> Option<bool> {
    value.as_bool()
}

#[allow(clippy::needless_pass_by_value)]
pub(crate) fn integer(value: Value) -> Option<u64> {
    value.as_u64().filter(|number| *number <= INTEGER_MAX)
}

/// Permission bits and the sticky bit: nothing needs to create set-id files over the channel.
pub(crate) fn mode(value: Value) -> Option<u32> {
    integer(value).and_then(|mode| u32::try_from(mode).ok()).filter(|mode| mode & !0o1777 == 0)
}
