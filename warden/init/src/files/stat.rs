//! Metadata of a file.

use crate::files::Fields;
use crate::files::error::failed;
use bulkhead_plan::Error;
use rustix::fs::{AtFlags, CWD, FileType, Stat, readlinkat, statat};
use serde_json::json;
use std::ffi::CStr;
use std::os::fd::AsFd;

pub fn stat(path: &CStr, follow: bool) -> Result<Fields, Error> {
    let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    let stat = statat(CWD, path, flags).map_err(failed("stat", path))?;
    Ok(describe(CWD, path, &stat))
}

/// The fields of a `stat` result. `target` is read afterwards, and left out if the link is gone by then.
pub fn describe(directory: impl AsFd, name: &CStr, stat: &Stat) -> Fields {
    let kind = FileType::from_raw_mode(stat.st_mode);
    let mut fields = Fields::new();
    fields.insert("type".to_owned(), kind_name(kind).into());
    fields.insert("size".to_owned(), stat.st_size.into());
    fields.insert("mode".to_owned(), (stat.st_mode & 0o7777).into());
    fields.insert("uid".to_owned(), stat.st_uid.into());
    fields.insert("gid".to_owned(), stat.st_gid.into());
    fields.insert("mtimeMs".to_owned(), json!(milliseconds(stat)));
    fields.insert("ctimeUs".to_owned(), json!(changed_us(stat)));
    if kind == FileType::Symlink
        && let Ok(target) = readlinkat(directory, name, Vec::new())
    {
        fields.insert("target".to_owned(), target.to_string_lossy().into());
    }
    fields
}

fn milliseconds(stat: &Stat) -> i64 {
    // A file's owner can set any time; it must not overflow.
    let nanoseconds = i64::try_from(stat.st_mtime_nsec).unwrap_or(0);
    stat.st_mtime.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000)
}

/// Inode change time, which no program can set, so it distinguishes two states of a file.
fn changed_us(stat: &Stat) -> i64 {
    let nanoseconds = i64::try_from(stat.st_ctime_nsec).unwrap_or(0);
    stat.st_ctime.saturating_mul(1_000_000).saturating_add(nanoseconds / 1000)
}

const fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "directory",
        FileType::Symlink => "symlink",
        FileType::Fifo => "fifo",
        FileType::Socket => "socket",
        FileType::CharacterDevice => "char",
        FileType::BlockDevice => "block",
        // Linux has no other.
        FileType::RegularFile | FileType::Unknown => "file",
    }
}
