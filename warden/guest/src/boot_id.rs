//! The boot id: the kernel makes it once, so every copy of a snapshot would show the same. Bulkhead covers it with its
//! own file.

use crate::Done;
use bulkhead_error::Attempt;
use bulkhead_plan::Code;
use rustix::fd::OwnedFd;
use std::fmt::Write as _;
use std::io::Write;

/// On the supervisor's own tmpfs, and so the same file in every mount.
pub const FILE: &str = "/run/boot-id";
pub const COVERS: &str = "/proc/sys/kernel/random/boot_id";

/// Creates a new one, after the kernel's generator was reseeded.
pub fn renew() -> Done {
    let mut bytes = [0_u8; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut random| std::io::Read::read_exact(&mut random, &mut bytes))
        .attempt_on(Code::GuestFailed, "read", "/dev/urandom")?;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(FILE).attempt_on(
        Code::GuestFailed,
        "open",
        FILE,
    )?;
    file.write_all(format(&mut bytes).as_bytes()).attempt_on(Code::GuestFailed, "write", FILE)
}

/// A mount that can be attached in another mount namespace.
pub fn cover() -> Done<OwnedFd> {
    use rustix::mount::OpenTreeFlags as Flags;
    rustix::mount::open_tree(rustix::fs::CWD, FILE, Flags::OPEN_TREE_CLONE | Flags::OPEN_TREE_CLOEXEC).attempt_on(
        Code::GuestFailed,
        "open_tree",
        FILE,
    )
}

/// A random UUID, version 4.
fn format(bytes: &mut [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(37);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn has_the_form_of_the_kernels() {
        assert_eq!(super::format(&mut [0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff\n");
        assert_eq!(super::format(&mut [0; 16]), "00000000-0000-4000-8000-000000000000\n");
    }
}
