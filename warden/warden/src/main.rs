//! The warden: one static program in two roles, broker and init.

fn main() {}
