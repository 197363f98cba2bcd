//! JSON for the log: written, never parsed.

use std::fmt::Write as _;

const LONGEST_WORD: usize = 256;

/// A string, truncated and escaped to ASCII: no caller's text can forge a line or act on a terminal.
pub fn text(text: &str) -> String {
    let cut = text.char_indices().nth(LONGEST_WORD).map(|(at, _)| at);
    let mut quoted = String::from('"');
    let mut units = [0_u16; 2];
    for character in text[..cut.unwrap_or(text.len())].chars().chain(cut.map(|_| '\u{2026}')) {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            _ => {
                for unit in character.encode_utf16(&mut units) {
                    let _ = write!(quoted, "\\u{unit:04x}");
                }
            }
        }
    }
    quoted + "\""
}

/// A number, or another value that needs no quotes.
pub fn plain(value: &impl ToString) -> String {
    value.to_string()
}

pub fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

pub fn array(values: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", values.into_iter().collect::<Vec<_>>().join(","))
}

/// The values are JSON already.
pub fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_caller_acts_on_a_terminal_or_makes_a_line() {
        let hostile = "a\n{\"event\":\"launched\"}\\\u{1b}[2J\u{9b}\u{202e}\u{2028}\u{1f480}\u{7f}";
        let quoted = text(hostile);
        assert!(quoted.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{quoted}");
        assert!(quoted.starts_with(r#""a\u000a{\"event\":\"launched\"}\\\u001b[2J"#), "{quoted}");
        assert!(quoted.ends_with(r#"\ud83d\udc80\u007f""#), "{quoted}");
    }

    #[test]
    fn words_are_cut() {
        assert_eq!(text(&"x".repeat(256)).len(), 258);
        assert_eq!(text(&"x".repeat(10_000)).len(), 264);
    }

    #[test]
    fn objects_hold_values() {
        let inner = array([plain(&1), optional(None::<u8>)]);
        assert_eq!(object(&[("a", text("b")), ("c", inner)]), r#"{"a":"b","c":[1,null]}"#);
    }
}
