//! Inspects a stopped thread: its memory, and the targets of its paths.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

const PATH_MAX: usize = 4096;

/// Reads `length` bytes at `address`; fewer if its memory ends.
pub fn memory(tid: u32, address: u64, length: usize) -> Option<Vec<u8>> {
    let memory = File::open(format!("/proc/{tid}/mem")).ok()?;
    let mut bytes = vec![0; length];
    let got = memory.read_at(&mut bytes, address).ok()?;
    bytes.truncate(got);
    Some(bytes)
}

/// The string at `address`. Read in pieces, because the memory after it may not be mapped.
pub fn string(tid: u32, address: u64) -> Option<OsString> {
    let memory = File::open(format!("/proc/{tid}/mem")).ok()?;
    let mut text = Vec::new();
    let mut at = address;
    while text.len() < PATH_MAX {
        let mut piece = [0; 256];
        // Never across the end of a page: the next one may not be mapped.
        let room = 256 - usize::try_from(at % 256).ok()?;
        let got = memory.read_at(&mut piece[..room], at).ok()?;
        if let Some(end) = piece[..got].iter().position(|&byte| byte == 0) {
            text.extend_from_slice(&piece[..end]);
            return Some(OsString::from_vec(text));
        }
        if got == 0 {
            return None;
        }
        text.extend_from_slice(&piece[..got]);
        at += got as u64;
    }
    None
}

/// The target of `path` for this thread: absolute, with `/proc/self` being its own.
pub fn absolute(tid: u32, directory: i32, path: &OsStr) -> Option<PathBuf> {
    let path = Path::new(path);
    let whole = if path.is_absolute() {
        path.to_owned()
    } else {
        let base = match directory {
            libc::AT_FDCWD => fs::read_link(format!("/proc/{tid}/cwd")).ok()?,
            descriptor => descriptor_path(tid, descriptor)?,
        };
        if path.as_os_str().is_empty() { base } else { base.join(path) }
    };
    Some(own_process(tid, &whole))
}

/// The path of a descriptor; none if it is not a file with a name.
pub fn descriptor_path(tid: u32, descriptor: i32) -> Option<PathBuf> {
    let path = fs::read_link(format!("/proc/{tid}/fd/{descriptor}")).ok()?;
    path.is_absolute().then_some(path)
}

/// `/proc/self` and `/proc/thread-self` name the reader: read from here they would mean this program.
fn own_process(tid: u32, path: &Path) -> PathBuf {
    for (prefix, own) in [("/proc/self", format!("/proc/{tid}")), ("/proc/thread-self", format!("/proc/{tid}"))] {
        if let Ok(rest) = path.strip_prefix(prefix) {
            return if rest.as_os_str().is_empty() { own.into() } else { Path::new(&own).join(rest) };
        }
    }
    path.to_owned()
}

/// As `execvp` would find it in `PATH`.
pub fn look_up(name: &CStr) -> Option<CString> {
    let text = OsStr::from_bytes(name.to_bytes());
    if name.to_bytes().contains(&b'/') {
        return Path::new(text).exists().then(|| name.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|directory| directory.join(text)).find(|candidate| {
        fs::metadata(candidate).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    })?;
    CString::new(found.into_os_string().into_vec()).ok()
}
