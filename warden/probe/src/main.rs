//! Attempts to get out, one per subcommand, run inside by the security suite.

fn main() {}
