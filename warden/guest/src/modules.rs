//! Kernel modules of the initramfs: loaded in order; afterwards no module can be loaded.

use crate::Done;
use crate::command_line::{self, Ports};
use bulkhead_error::Attempt;
use bulkhead_plan::Code;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use std::ffi::CString;

pub const DIRECTORY: &str = "/modules";
const FAILED: Code = Code::GuestFailed;

/// A line of `/modules/order`: a file, and the kind of ports that needs it if not both.
fn wanted(line: &str, ports: Ports) -> Option<&str> {
    let mut words = line.split_ascii_whitespace();
    let file = words.next()?;
    words.next().is_none_or(|kind| kind == ports.name()).then_some(file)
}

/// The module's name: that of its file, as the kernel writes it.
fn name(file: &str) -> String {
    file.trim_end_matches(".ko").replace('-', "_")
}

/// Keeps their directory reachable after the initramfs is gone.
pub fn keep() -> Done<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(DIRECTORY, flags, Mode::empty()).attempt_on(FAILED, "open", DIRECTORY)
}

pub fn load(directory: &OwnedFd, command_line: &str, ports: Ports) -> Done {
    let order = std::io::read_to_string(std::fs::File::from(open(directory, "order")?));
    let order = order.attempt_on(FAILED, "read", "order")?;
    for file in order.lines().filter_map(|line| wanted(line, ports)) {
        let module = open(directory, file)?;
        let parameters = CString::new(command_line::parameters(command_line, &name(file))).unwrap_or_default();
        match rustix::system::finit_module(&module, &parameters, 0) {
            // A built-in module.
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            failed => failed.attempt_on(FAILED, "finit_module", file)?,
        }
        drop(module);
        // Frees memory that counts as the machine's.
        let _ = rustix::fs::unlinkat(directory, file, AtFlags::empty());
    }
    // A kernel without modules does not have this file, and does not need it.
    let switch = "/proc/sys/kernel/modules_disabled";
    if std::path::Path::new(switch).exists() {
        std::fs::write(switch, "1").attempt_on(FAILED, "write", switch)?;
    }
    Ok(())
}

fn open(directory: impl AsFd, file: &str) -> Done<OwnedFd> {
    rustix::fs::openat(directory, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .attempt_on(FAILED, "open", file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_these_ports_need() {
        assert_eq!(wanted("erofs.ko", Ports::Vsock), Some("erofs.ko"));
        assert_eq!(wanted("virtio_console.ko serial", Ports::Serial), Some("virtio_console.ko"));
        assert_eq!(wanted("virtio_console.ko serial", Ports::Vsock), None);
        assert_eq!(wanted("", Ports::Vsock), None);
    }

    #[test]
    fn names_are_the_kernels() {
        assert_eq!(name("virtio-rng.ko"), "virtio_rng");
    }
}
