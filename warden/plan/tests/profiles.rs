//! The data of built-in profiles.

#![allow(clippy::unwrap_used, reason = "a test")]

use bulkhead_plan::profile::Condition;

/// Of two values for one name the later would silently win.
#[test]
fn no_name_has_two_values() {
    serde_json::from_str::<Condition>(r#"{"arg": 0, "in": {"A": "0x1", "B": "0x1"}}"#).unwrap();
    for twice in [r#"{"arg": 0, "in": {"A": "0x1", "A": "0x2"}}"#, r#"{"arg": 0, "notIn": {"A": "0x1", "A": "0x1"}}"#] {
        let error = serde_json::from_str::<Condition>(twice).unwrap_err().to_string();
        assert!(error.contains("two values: A"), "{error}");
    }
}
