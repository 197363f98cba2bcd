//! Metadata of a file.

use crate::files::Fields;
use crate::files::error::failed;
use bulkhead_channel::answer::{self, FileInfo};
use bulkhead_plan::Error;
use rustix::fs::{AtFlags, CWD, FileType, Stat, readlinkat, statat};
use std::ffi::CStr;
use std::os::fd::AsFd;

pub fn stat(path: &CStr, follow: bool) -> Result<Fields, Error> {
    let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    let stat = statat(CWD, path, flags).map_err(failed("stat", path))?;
    Ok(answer::value(&describe(CWD, path, &stat)))
}

/// `target` is read afterwards, and left out if the link is gone by then.
pub fn describe(directory: impl AsFd, name: &CStr, stat: &Stat) -> FileInfo {
    let kind = FileType::from_raw_mode(stat.st_mode);
    let is_link = kind == FileType::Symlink;
    let target = is_link.then(|| readlinkat(directory, name, Vec::new()).ok()).flatten();
    FileInfo {
        r#type: type_of(kind),
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime_ms: milliseconds(stat),
        ctime_us: changed_us(stat),
        target: target.map(|target| target.to_string_lossy().into_owned()),
    }
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

const fn type_of(kind: FileType) -> answer::FileType {
    match kind {
        FileType::Directory => answer::FileType::Directory,
        FileType::Symlink => answer::FileType::Symlink,
        FileType::Fifo => answer::FileType::Fifo,
        FileType::Socket => answer::FileType::Socket,
        FileType::CharacterDevice => answer::FileType::Char,
        FileType::BlockDevice => answer::FileType::Block,
        // Linux has no other.
        FileType::RegularFile | FileType::Unknown => answer::FileType::File,
    }
}
