//! Names are bytes, JSON is text: a name that is not UTF-8 is given both ways.

use crate::files::Fields;
use serde_json::Value;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Adds `name`, and `nameBase64` if `name` is only an approximation.
pub fn insert(fields: &mut Fields, name: &[u8]) {
    fields.insert("name".to_owned(), String::from_utf8_lossy(name).into());
    if std::str::from_utf8(name).is_err() {
        fields.insert("nameBase64".to_owned(), Value::String(base64(name)));
    }
}

/// RFC 4648, section 4, with padding.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let block = chunk.iter().enumerate().fold(0, |block, (at, byte)| block | u32::from(*byte) << (16 - 8 * at));
        for at in 0..4 {
            let digit = (block >> (18 - 6 * at)) & 63;
            text.push(if at <= chunk.len() { char::from(DIGITS[digit as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_the_vectors_of_the_rfc() {
        for (plain, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xfe]), "//4=");
    }
}
