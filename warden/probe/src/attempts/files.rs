//! Ordinary file operations on paths that the suite chooses: reading secrets, changing read-only files.

use super::Attempt;
use crate::report::{Stopped, Tried};
use crate::sys::{CWD, address, call, done, flags, number, open, open_at, raw, read_some, text, write_all};
use std::ffi::CString;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { usage: "read PATH", about: "open for reading and show the first bytes", run: read },
    Attempt { usage: "entries PATH", about: "what a directory holds", run: entries },
    Attempt { usage: "write PATH TEXT", about: "open for writing, and write", run: write },
    Attempt { usage: "create PATH", about: "make a new file", run: create },
    Attempt { usage: "truncate PATH", about: "open with O_TRUNC", run: truncate },
    Attempt { usage: "reopen PATH TEXT", about: "open read-only, then open /proc/self/fd/N for writing", run: reopen },
    Attempt { usage: "unlink PATH", about: "remove a name", run: unlink },
    Attempt { usage: "rename FROM TO", about: "move a name away", run: rename },
    Attempt { usage: "link FROM TO", about: "a hard link to where writing is allowed", run: link },
    Attempt { usage: "chmod PATH MODE", about: "change permission bits", run: chmod },
    Attempt { usage: "chown PATH UID", about: "give a file to somebody else", run: chown },
    Attempt { usage: "touch PATH", about: "change its times", run: touch },
    Attempt { usage: "attribute PATH NAME", about: "set an extended attribute", run: attribute },
    Attempt {
        usage: "node PATH MODE DEVICE",
        about: "mknod; 0o20666 is a character device, 0o60666 a block device",
        run: node,
    },
];

fn read(arguments: &[String]) -> Tried {
    let read = read_some(&open(&text(arguments, 0)?, libc::O_RDONLY)?)?;
    // A masked file exists and is empty.
    if read.is_empty() { Err(Stopped::Absent("empty".into())) } else { Ok(read) }
}

fn entries(arguments: &[String]) -> Tried {
    let path = text(arguments, 0)?;
    let found = std::fs::read_dir(&*path.to_string_lossy());
    let found = found.map_err(|error| Stopped::from(error.raw_os_error().unwrap_or(0)))?;
    let names: Vec<String> = found.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    if names.is_empty() { Err(Stopped::Absent("empty".into())) } else { Ok(names.join(" ")) }
}

fn write(arguments: &[String]) -> Tried {
    let (path, content) = (text(arguments, 0)?, text(arguments, 1)?);
    Ok(write_all(&open(&path, libc::O_WRONLY)?, content.as_bytes())?)
}

fn create(arguments: &[String]) -> Tried {
    open_at(CWD, &text(arguments, 0)?, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL, 0o644)?;
    Ok("made".into())
}

fn truncate(arguments: &[String]) -> Tried {
    open(&text(arguments, 0)?, libc::O_WRONLY | libc::O_TRUNC)?;
    Ok("truncated".into())
}

fn reopen(arguments: &[String]) -> Tried {
    let (path, content) = (text(arguments, 0)?, text(arguments, 1)?);
    let first = open(&path, libc::O_RDONLY)?;
    let again = CString::new(format!("/proc/self/fd/{}", raw(&first))).map_err(|_| Stopped::Usage("NUL"))?;
    Ok(write_all(&open(&again, libc::O_RDWR)?, content.as_bytes())?)
}

fn unlink(arguments: &[String]) -> Tried {
    done(call(libc::SYS_unlinkat, &[CWD, address(&text(arguments, 0)?), 0]), "removed")
}

fn rename(arguments: &[String]) -> Tried {
    let (from, to) = (text(arguments, 0)?, text(arguments, 1)?);
    done(call(libc::SYS_renameat2, &[CWD, address(&from), CWD, address(&to), 0]), "renamed")
}

fn link(arguments: &[String]) -> Tried {
    let (from, to) = (text(arguments, 0)?, text(arguments, 1)?);
    done(call(libc::SYS_linkat, &[CWD, address(&from), CWD, address(&to), 0]), "linked")
}

fn chmod(arguments: &[String]) -> Tried {
    let path = text(arguments, 0)?;
    done(call(libc::SYS_fchmodat, &[CWD, address(&path), number(arguments, 1)?]), "changed")
}

fn chown(arguments: &[String]) -> Tried {
    let path = text(arguments, 0)?;
    let uid = number(arguments, 1)?;
    done(call(libc::SYS_fchownat, &[CWD, address(&path), uid, uid, flags(libc::AT_SYMLINK_NOFOLLOW)]), "given away")
}

fn touch(arguments: &[String]) -> Tried {
    let path = text(arguments, 0)?;
    done(call(libc::SYS_utimensat, &[CWD, address(&path), 0, 0]), "touched")
}

fn attribute(arguments: &[String]) -> Tried {
    let (path, name) = (text(arguments, 0)?, text(arguments, 1)?);
    // A file capability of version 2 that grants everything, or any other 20 bytes.
    let mut value = [0xff_u8; 20];
    value[..4].copy_from_slice(&[0x01, 0x00, 0x00, 0x02]);
    done(call(libc::SYS_setxattr, &[address(&path), address(&name), value.as_ptr().addr(), value.len(), 0]), "set")
}

fn node(arguments: &[String]) -> Tried {
    let path = text(arguments, 0)?;
    done(call(libc::SYS_mknodat, &[CWD, address(&path), number(arguments, 1)?, number(arguments, 2)?]), "made")
}
