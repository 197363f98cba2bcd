//! Content of files, only of regular ones: a FIFO could block, and reading a device can do anything.

use crate::child::Reporter;
use crate::files::Fields;
use crate::files::error::{failed, not_regular, with_code};
use bulkhead_plan::{Code, Error};
use rustix::fs::{FileType, Mode, OFlags, SeekFrom, fstat, ftruncate, open, seek};
use rustix::io::Errno;
use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

const BUFFER: usize = 64 * 1024;

pub fn read(path: &CStr, offset: u64, length: Option<u64>, reporter: &Reporter) -> Result<Fields, Error> {
    let file = open_regular(path, OFlags::RDONLY, Mode::empty())?;
    if offset > 0 {
        seek(&file, SeekFrom::Start(offset)).map_err(failed("lseek", path))?;
    }
    reporter.begun();
    let bytes = copy(&file, rustix::stdio::stdout(), length.unwrap_or(u64::MAX)).map_err(|copied| match copied {
        Copied::Read(errno) => failed("read", path)(errno),
        Copied::Write(errno) => Error::new(Code::FileFailed, "write").errno(errno.raw_os_error()),
    })?;
    Ok(Fields::from_iter([("bytes".to_owned(), bytes.into())]))
}

pub fn write(path: &CStr, mode: u32, append: bool, exclusive: bool, reporter: &Reporter) -> Result<Fields, Error> {
    let mut flags = OFlags::WRONLY | OFlags::CREATE;
    flags.set(OFlags::APPEND, append);
    flags.set(OFlags::EXCL, exclusive);
    let file = open_regular(path, flags, Mode::from_raw_mode(mode))?;
    if !append {
        // Not with O_TRUNC, which would act before the file's type is known.
        ftruncate(&file, 0).map_err(failed("ftruncate", path))?;
    }
    reporter.begun();
    let bytes = copy(rustix::stdio::stdin(), &file, u64::MAX).map_err(|copied| match copied {
        Copied::Read(errno) => Error::new(Code::FileFailed, "read").errno(errno.raw_os_error()),
        Copied::Write(errno) => failed("write", path)(errno),
    })?;
    Ok(Fields::from_iter([("bytes".to_owned(), bytes.into())]))
}

/// O_NONBLOCK, so that opening a FIFO does not wait for its other end; regular files ignore it.
fn open_regular(path: &CStr, flags: OFlags, mode: Mode) -> Result<OwnedFd, Error> {
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = open(path, flags, mode).map_err(|errno| match errno {
        // A FIFO without a reader, a socket, a device without a driver.
        Errno::NXIO => with_code(Code::FileNotRegular, "open", path, errno),
        _ => failed("open", path)(errno),
    })?;
    match FileType::from_raw_mode(fstat(&file).map_err(failed("fstat", path))?.st_mode) {
        FileType::RegularFile => Ok(file),
        FileType::Directory => Err(with_code(Code::FileIsDirectory, "open", path, Errno::ISDIR)),
        _ => Err(not_regular("open", path)),
    }
}

/// The side that failed.
enum Copied {
    Read(Errno),
    Write(Errno),
}

/// Copies until the end, or `limit` bytes; returns the number.
fn copy(from: impl AsFd, to: impl AsFd, limit: u64) -> Result<u64, Copied> {
    let mut buffer = vec![0; BUFFER];
    let mut total = 0_u64;
    while total < limit {
        let wanted = usize::try_from(limit - total).map_or(BUFFER, |left| left.min(BUFFER));
        let count = match rustix::io::read(&from, &mut buffer[..wanted]) {
            Ok(0) => break,
            Ok(count) => count,
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(Copied::Read(errno)),
        };
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            match rustix::io::write(&to, rest) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Copied::Write(errno)),
            }
        }
        total += count as u64;
    }
    Ok(total)
}
