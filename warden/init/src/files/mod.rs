//! File operations, each in its own process that runs as the sandbox's user: the kernel resolves paths and checks
//! permissions, inside the wall, so nothing here has to outsmart a hostile file system. Descriptor 0 is content to
//! write, 1 the output.

mod change;
mod error;
mod list;
mod name;
mod stat;
mod transfer;
mod watch;

use crate::child::Reporter;
use bulkhead_channel::request::File;
use bulkhead_plan::Error;
use rustix::fs::Mode;
use serde_json::{Map, Value};

/// The fields of a result.
type Fields = Map<String, Value>;

/// Carries out one operation, in a child that then ends.
pub fn serve(file: &File, reporter: &Reporter) -> Result<Fields, Error> {
    // Modes are as requested: there is no shell here whose umask would apply.
    rustix::process::umask(Mode::empty());
    match file {
        File::Read { path, offset, length } => transfer::read(path, *offset, *length, reporter),
        File::Write { path, mode, append, exclusive } => transfer::write(path, *mode, *append, *exclusive, reporter),
        File::List { path } => list::list(path, reporter),
        File::Stat { path, follow } => stat::stat(path, *follow),
        File::Mkdir { path, recursive, mode } => change::mkdir(path, *recursive, *mode),
        File::Remove { path, recursive } => change::remove(path, *recursive),
        File::Rename { from, to } => change::rename(from, to),
        File::Watch { path } => watch::watch(path, reporter),
    }
}
