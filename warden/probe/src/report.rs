//! What one attempt reports.

use std::fmt::Write;

/// `Ok`: it did what it must not be able to do, with a note on the result. `Err`: it did not.
pub type Tried = Result<String, Stopped>;

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// The kernel's errno.
    Errno(i32),
    /// The kernel's errno, after this much had succeeded.
    After(i32, String),
    /// There was nothing to take: no such file, device or leak.
    Absent(String),
    /// The attempt was called with invalid arguments: a bug of the suite.
    Usage(&'static str),
}

impl From<i32> for Stopped {
    fn from(errno: i32) -> Self {
        match errno {
            libc::ENOENT | libc::ENXIO | libc::ENODEV | libc::ESRCH => Self::Absent(errno.to_string()),
            _ => Self::Errno(errno),
        }
    }
}

/// The JSON line: `{"attempt","outcome":"refused"|"succeeded"|"absent"|"usage","errno"?,"detail"?}`.
pub fn line(attempt: &str, tried: &Tried) -> String {
    let (outcome, rest) = match tried {
        Ok(detail) => ("succeeded", format!(",\"detail\":{}", quoted(detail))),
        Err(Stopped::Errno(errno)) => ("refused", format!(",\"errno\":{errno}")),
        Err(Stopped::After(errno, had)) => ("refused", format!(",\"errno\":{errno},\"detail\":{}", quoted(had))),
        Err(Stopped::Absent(detail)) => ("absent", format!(",\"detail\":{}", quoted(detail))),
        Err(Stopped::Usage(detail)) => ("usage", format!(",\"detail\":{}", quoted(detail))),
    };
    format!("{{\"attempt\":{},\"outcome\":\"{outcome}\"{rest}}}", quoted(attempt))
}

/// A JSON string. Hand-written: the probe has to stay small, static and free of dependencies that make system calls.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if u32::from(control) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_json_whatever_was_read() {
        assert_eq!(
            line("read", &Ok("a\"b\\c\n\u{1}".into())),
            r#"{"attempt":"read","outcome":"succeeded","detail":"a\"b\\c\u000a\u0001"}"#
        );
        assert_eq!(line("read", &Err(libc::EPERM.into())), r#"{"attempt":"read","outcome":"refused","errno":1}"#);
        assert_eq!(
            line("threads", &Err(Stopped::After(libc::EAGAIN, "15".into()))),
            r#"{"attempt":"threads","outcome":"refused","errno":11,"detail":"15"}"#
        );
        assert_eq!(line("read", &Err(libc::ENOENT.into())), r#"{"attempt":"read","outcome":"absent","detail":"2"}"#);
    }
}
