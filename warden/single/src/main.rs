//! The start of the file `bulkhead-linux-x64`: `scripts/single` appends Node, the command line and the programs of the
//! warden to this program.
//!
//! At the first use of each user it unpacks them into the directory that the packages for npm use too, compares every
//! file with its digest, and from then on executes the copy. It runs with its caller's rights and parses nothing but
//! its own file.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod archive;
mod failure;
mod place;
mod unpack;

use archive::Archive;
use failure::Failure;
use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// Bulkhead itself failed: the workload never ran.
const REFUSED: u8 = 125;

fn main() -> ExitCode {
    match start() {
        Ok(never) => match never {},
        Err(failure) => {
            eprintln!("bulkhead: {failure}");
            ExitCode::from(REFUSED)
        }
    }
}

fn start() -> Result<Infallible, Failure> {
    let archive = Archive::of_this_file()?;
    let directory = place::own_programs_directory()?.join(&archive.id);
    if !unpack::is_complete(&directory, &archive.index) {
        unpack::unpack(&archive, &directory)?;
    }
    place::require_own(&directory)?;
    let node = directory.join("bin/node");
    let error =
        Command::new(&node).arg(directory.join("bulkhead/cli/bulkhead.cjs")).args(std::env::args_os().skip(1)).exec();
    // The file is there: what is missing is the loader that it names.
    if error.kind() == std::io::ErrorKind::NotFound {
        return Err(Failure::missing(
            "execute",
            &node,
            &"this system has no glibc, which Node needs in version 2.28 or later",
        ));
    }
    Err(Failure::missing("execute", &node, &error))
}
