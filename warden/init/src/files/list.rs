//! Entries of a directory, one JSON object per line.

use crate::child::Reporter;
use crate::files::error::failed;
use crate::files::{Fields, name, stat};
use bulkhead_plan::{Code, Error};
use rustix::fs::{AtFlags, Dir, Mode, OFlags, statat};
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
        let mut fields = stat::describe(&directory, entry_name, &found);
        name::insert(&mut fields, entry_name.to_bytes());
        line(&mut out, &fields)?;
        count += 1;
    }
    out.flush().map_err(|_| Error::new(Code::FileFailed, "write"))?;
    Ok(Fields::from_iter([("entries".to_owned(), count.into())]))
}

/// Writes one object and a newline.
pub fn line(out: &mut impl Write, fields: &Fields) -> Result<(), Error> {
    serde_json::to_writer(&mut *out, fields)
        .map_err(std::io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .map_err(|_| Error::new(Code::FileFailed, "write"))
}
