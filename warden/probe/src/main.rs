//! `bulkhead-probe ATTEMPT [ARGUMENT…]`: makes one escape attempt, and prints one JSON line with its outcome.
//!
//! The security suite mounts this program read-only into a sandbox and then checks, from outside, whether the asset
//! survived. Its output is a hint for a person who reads a failure, never the proof: a workload that has escaped can
//! print anything.
//!
//! Every attempt is harmless if it succeeds: it targets something that the suite created for it, or uses arguments that
//! cannot do harm.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod attempts;
mod report;
mod sys;

use report::{Tried, line};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let Some((name, rest)) = arguments.split_first() else {
        eprintln!("usage: bulkhead-probe ATTEMPT [ARGUMENT...]; bulkhead-probe list");
        return ExitCode::from(2);
    };
    if name == "list" {
        for attempt in attempts::all() {
            println!("{}\t{}", attempt.usage, attempt.about);
        }
        return ExitCode::SUCCESS;
    }
    let Some(attempt) = attempts::find(name) else {
        eprintln!("bulkhead-probe: no attempt {name}");
        return ExitCode::from(2);
    };
    let tried: Tried = (attempt.run)(rest);
    println!("{}", line(name, &tried));
    ExitCode::SUCCESS
}
