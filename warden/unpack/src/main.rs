//! Unpacks image layers, assuming that they are hostile; runs inside a sandbox, never privileged.

fn main() {}
