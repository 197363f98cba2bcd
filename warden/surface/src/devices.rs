//! Device nodes that open, and relevant requests on those that every process has.

use crate::sys::{can_open, errno, open};
use serde::Serialize;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

const MOST: usize = 512;
const DEEPEST: usize = 4;
/// Opening one starts it, and the machine reboots if no one keeps it alive.
const NEVER: &str = "watchdog";

#[derive(Debug, Serialize)]
pub struct Device {
    pub path: String,
    pub kind: &'static str,
    pub major: u32,
    pub minor: u32,
    pub read: bool,
    pub write: bool,
}

/// One request to a device driver that has been used to escape, or nearly.
#[derive(Debug, Serialize)]
pub struct Ioctl {
    pub name: &'static str,
    pub why: &'static str,
    /// The kernel checked it; false: it was refused, or is unknown there.
    pub reached: bool,
    pub errno: i32,
}

pub fn devices() -> Vec<Device> {
    let mut found = Vec::new();
    below(Path::new("/dev"), DEEPEST, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn below(directory: &Path, depth: usize, found: &mut Vec<Device>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let Ok(info) = entry.path().symlink_metadata() else { continue };
        if found.len() >= MOST {
            return;
        }
        let kind = info.file_type();
        if kind.is_dir() && depth > 1 {
            below(&entry.path(), depth - 1, found);
        } else if kind.is_char_device() || kind.is_block_device() {
            found.extend(device(&entry.path(), kind.is_block_device(), info.rdev()));
        }
    }
}

fn device(path: &Path, block: bool, number: u64) -> Option<Device> {
    let path = path.to_str()?.to_owned();
    let opens = |how| !path.contains(NEVER) && can_open(&path, how).is_ok();
    let (read, write) = (opens(libc::O_RDONLY), opens(libc::O_WRONLY));
    Some(Device {
        kind: if block { "block" } else { "char" },
        major: libc::major(number),
        minor: libc::minor(number),
        read,
        write,
        path,
    })
}

/// On a newly created terminal, and on descriptors that any process can have; with a null pointer where one is needed.
pub fn ioctls() -> Vec<Ioctl> {
    let terminal = open("/dev/ptmx", libc::O_RDWR);
    let on_terminal = terminal.as_ref().map_or(-1, AsRawFd::as_raw_fd);
    // SAFETY: makes a descriptor; nothing else is touched.
    let socket = unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    let root = open("/", libc::O_RDONLY | libc::O_DIRECTORY);
    let on_root = root.as_ref().map_or(-1, AsRawFd::as_raw_fd);
    let tried = vec![
        ioctl(
            "TIOCSTI",
            "types into the terminal that the program was started from (CVE-2017-5226)",
            on_terminal,
            0x5412,
        ),
        ioctl("TIOCLINUX", "pastes on a console (CVE-2023-28100)", on_terminal, 0x541c),
        ioctl("TIOCCONS", "takes over what the kernel prints", on_terminal, 0x541d),
        ioctl("TIOCSETD", "loads a line discipline (CVE-2017-2636)", on_terminal, 0x5423),
        ioctl("SIOCGIFCONF", "lists the network's interfaces", socket, 0x8912),
        ioctl("SIOCBRADDBR", "makes a bridge", socket, 0x89a0),
        ioctl("FS_IOC_SETFLAGS", "changes a file's flags", on_root, 0x4008_6602),
        ioctl("FIFREEZE", "stops a file system", on_root, 0xc004_5877),
    ];
    if socket >= 0 {
        // SAFETY: ours, and not used after this.
        unsafe { libc::close(socket) };
    }
    tried
}

fn ioctl(name: &'static str, why: &'static str, fd: RawFd, request: u32) -> Ioctl {
    // SAFETY: the kernel reads or writes nothing through a null pointer. By number: the types of C libraries differ.
    let result = unsafe { libc::syscall(libc::SYS_ioctl, fd, request, std::ptr::null_mut::<libc::c_void>()) };
    let errno = if result < 0 { errno() } else { 0 };
    Ioctl {
        name,
        why,
        reached: fd >= 0 && !matches!(errno, libc::EPERM | libc::ENOSYS | libc::EACCES | libc::ENOTTY),
        errno,
    }
}
