//! `bulkhead-observe --report FILE -- COMMAND [ARGUMENT…]`: runs the command, exits with its exit code, and records its
//! kernel requests.
//!
//! For `bulkhead learn`. It runs inside the sandbox as the workload's own user and holds no privilege: a seccomp filter
//! with a listener (`seccomp_unotify(2)`) stops the command at each syscall, and this program examines it and lets it
//! continue. A call that the sandbox's own filter refuses never gets here. The report is not evidence: a program that
//! does not want to be observed can change the arguments after they were read, or end this process. Its only gain is
//! that it then fails under the learned policy.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod calls;
mod interpreter;
mod listener;
mod record;
mod tracee;

use record::Record;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::ExitCode;

struct Arguments {
    report: PathBuf,
    command: Vec<CString>,
}

fn main() -> ExitCode {
    let Some(arguments) = parse(std::env::args_os().skip(1).collect()) else {
        eprintln!("usage: bulkhead-observe --report FILE -- COMMAND [ARGUMENT...]");
        return ExitCode::from(2);
    };
    match observe(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("bulkhead-observe: {error}");
            ExitCode::from(125)
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Option<Arguments> {
    let mut rest = arguments.into_iter();
    if rest.next()? != "--report" {
        return None;
    }
    let report = PathBuf::from(rest.next()?);
    if rest.next()? != "--" {
        return None;
    }
    let command: Vec<CString> = rest.map(|word| CString::new(word.into_vec())).collect::<Result<_, _>>().ok()?;
    (!command.is_empty()).then_some(Arguments { report, command })
}

fn observe(arguments: &Arguments) -> Result<u8, String> {
    let Some(program) = tracee::look_up(arguments.command.first().map_or(c"", |word| word.as_c_str())) else {
        eprintln!("bulkhead-observe: command not found");
        return Ok(127);
    };
    let (child, listener) = listener::start(&program, &arguments.command)?;
    let mut record = Record::default();
    let status = listener.serve(child, |call| record.add(call))?;
    let report = serde_json::to_vec(&record.report()).map_err(|error| format!("encode report: {error}"))?;
    std::fs::write(&arguments.report, report).map_err(|error| format!("write report: {error}"))?;
    Ok(status)
}
