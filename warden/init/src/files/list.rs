//! Entries of a directory, one JSON object per line.

use crate::child::Reporter;
use crate::files::error::failed;
use crate::files::{Fields, name, stat};
use bulkhead_channel::answer::Entry;
use bulkhead_plan::{Code, Error};
use rustix::fs::{AtFlags, Dir, Mode, OFlags, statat};
use serde::Serialize;
use std::ffi::CStr;
use std::io::{BufWriter, Write};

pub fn list(path: &CStr, reporter: &Reporter) -> Result<Fields, Error> {
    let directory = rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(failed("open", path))?;
    let entries = Dir::read_from(&directory).map_err(failed("open", path))?;
    reporter.begun();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut count = 0_u64;
    for entry in entries {
        let entry = entry.map_err(failed("getdents64", path))?;
        let entry_name = entry.file_name();
        if matches!(entry_name.to_bytes(), b"." | b"..") {
            continue;
        }
        // Removed after the listing, so no longer an entry.
        let Ok(found) = statat(&directory, entry_name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        let info = stat::describe(&directory, entry_name, &found);
        line(&mut out, &Entry { info, name: name::of(entry_name.to_bytes()) })?;
        count += 1;
    }
    out.flush().map_err(|_| Error::new(Code::FileFailed, "write"))?;
    Ok(Fields::from_iter([("entries".to_owned(), count.into())]))
}

/// Writes one object and a newline.
pub fn line(out: &mut impl Write, answer: &impl Serialize) -> Result<(), Error> {
    serde_json::to_writer(&mut *out, answer)
        .map_err(std::io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .map_err(|_| Error::new(Code::FileFailed, "write"))
}
