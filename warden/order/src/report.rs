//! Setup's error report, bounded like its input.

use crate::wire::{Reader, Refused, Wire, decode, encode};
use bulkhead_error::{Code, Error};

/// One message of its socket must hold the whole report.
const MAX_BYTES: usize = 8192;
/// Of each text. A path may have 4,096.
const MAX_TEXT: usize = 2048;

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}

impl Wire for Error {
    fn put(&self, to: &mut Vec<u8>) {
        self.code.number().put(to);
        cut(&self.operation).put(to);
        self.path.as_deref().map(cut).put(to);
        self.errno.put(to);
        self.detail.as_deref().map(cut).put(to);
    }

    fn take(from: &mut Reader) -> Result<Self, Refused> {
        let code = Code::of_number(from.field("code")?).ok_or("code")?;
        let (operation, path) = (from.field("operation")?, from.field("path")?);
        let (errno, detail) = (from.field("errno")?, from.field("detail")?);
        Ok(Self { code, operation, path, errno, detail })
    }
}

#[must_use]
pub fn encode_error(error: &Error) -> Vec<u8> {
    encode(error)
}

/// `None` for bytes that [`encode_error`] cannot have written.
#[must_use]
pub fn decode_error(bytes: &[u8]) -> Option<Error> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    decode(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_arrives_as_it_was_sent() {
        let full = Error::new(Code::MountFailed, "move_mount").path("/é").errno(-2).detail("x");
        for error in [full, Error::new(Code::PlanInvalid, "")] {
            assert_eq!(decode_error(&encode_error(&error)), Some(error));
        }
    }

    #[test]
    fn what_is_long_is_cut_and_what_is_not_an_error_is_none() {
        let long = encode_error(
            &Error::new(Code::MountFailed, &"é".repeat(5000)).path(&"p".repeat(9000)).detail("d".repeat(9000)),
        );
        assert!(long.len() <= MAX_BYTES);
        assert_eq!(decode_error(&long).unwrap().operation.len(), 2048);
        for wrong in [&b""[..], b"G", &[255, 0, 0, 0, 0, 0, 0, 0], &[long.as_slice(), b"x"].concat()] {
            assert_eq!(decode_error(wrong), None);
        }
    }
}
