//! The default seccomp profile: commented data in `profiles/default.json`.

/// The text of `profiles/default.json`, compiled in.
pub const DEFAULT: &str = include_str!("../profiles/default.json");
