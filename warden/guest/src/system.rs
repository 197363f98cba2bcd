//! The basics of a Linux system: a root that can be left, the kernel's file systems, clock and randomness.

use crate::Done;
use bulkhead_error::Attempt;
use bulkhead_plan::Code;
use rustix::mount::MountFlags;
use rustix::time::{ClockId, Timespec};

const FAILED: Code = Code::GuestFailed;

/// Ends the machine, and with it the VMM: `reboot=t` on the command line makes it a triple fault, which needs no
/// device.
pub fn end() -> ! {
    let _ = rustix::system::reboot(rustix::system::RebootCommand::Restart);
    // It does not fail for root. If it did, process 1 would end, the kernel would panic, and that ends the machine,
    // too.
    std::process::exit(125);
}

/// A small tmpfs as root: the initramfs cannot be left by `pivot_root`, which every sandbox does.
pub fn settle() -> Done {
    // Process 1 starts with root and working directory shared with the kernel's own threads, and a process that shares
    // them may not enter another mount namespace.
    bulkhead_sys::unshare(libc::CLONE_FS).attempt(FAILED, "unshare fs")?;
    mount("bulkhead", "/root", "tmpfs", MountFlags::NOSUID, Some("mode=0755,size=4m"))?;
    for directory in ["dev", "proc", "sys", "run", "images"] {
        let path = format!("/root/{directory}");
        std::fs::create_dir(&path).attempt_on(FAILED, "mkdir", &path)?;
    }
    let quiet = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/root/proc", "proc", quiet, None)?;
    mount("sysfs", "/root/sys", "sysfs", quiet, None)?;
    mount("dev", "/root/dev", "devtmpfs", MountFlags::NOSUID | MountFlags::NOEXEC, Some("mode=0755"))?;
    mount("cgroup", "/root/sys/fs/cgroup", "cgroup2", quiet, None)
}

/// Enters that root permanently. `/init` and the modules stay behind, out of reach of every process.
pub fn enter() -> Done {
    rustix::process::chdir("/root").attempt_on(FAILED, "chdir", "/root")?;
    rustix::mount::mount_move(".", "/").attempt_on(FAILED, "move mount", "/")?;
    rustix::process::chroot(".").attempt_on(FAILED, "chroot", ".")?;
    rustix::process::chdir("/").attempt_on(FAILED, "chdir", "/")
}

pub fn mount(source: &str, at: &str, kind: &str, flags: MountFlags, data: Option<&str>) -> Done {
    let data = data.and_then(|text| std::ffi::CString::new(text).ok());
    rustix::mount::mount(source, at, kind, flags, data.as_deref()).attempt_on(FAILED, &format!("mount {kind}"), at)
}

/// Mixes the host's bytes into the kernel's pool, credited as entropy, and reseeds every generator before it returns
/// another byte: otherwise two copies of a machine would draw the same ones.
pub fn reseed(entropy: &[u8]) -> Done {
    const RNDADDENTROPY: libc::Ioctl = 0x4008_5203;
    const RNDRESEEDCRNG: libc::Ioctl = 0x5207;
    let path = "/dev/urandom";
    let device = std::fs::OpenOptions::new().write(true).open(path).attempt_on(FAILED, "open", path)?;
    // struct rand_pool_info: entropy_count in bits, buf_size in bytes, then the bytes.
    let length = i32::try_from(entropy.len()).unwrap_or(0);
    let mut request = Vec::with_capacity(8 + entropy.len());
    request.extend_from_slice(&(length * 8).to_ne_bytes());
    request.extend_from_slice(&length.to_ne_bytes());
    request.extend_from_slice(entropy);
    let fd = std::os::fd::AsRawFd::as_raw_fd(&device);
    // SAFETY: the kernel reads a head of eight bytes and then as many as the head says, all of which are in the vector.
    if unsafe { libc::ioctl(fd, RNDADDENTROPY, request.as_ptr()) } < 0 {
        return Err(std::io::Error::last_os_error()).attempt_on(FAILED, "RNDADDENTROPY", path);
    }
    // SAFETY: takes no argument.
    if unsafe { libc::ioctl(fd, RNDRESEEDCRNG) } < 0 {
        return Err(std::io::Error::last_os_error()).attempt_on(FAILED, "RNDRESEEDCRNG", path);
    }
    Ok(())
}

pub fn set_clock(us: u64) -> Done {
    let time = Timespec {
        tv_sec: i64::try_from(us / 1_000_000).unwrap_or(0),
        tv_nsec: i64::try_from(us % 1_000_000 * 1000).unwrap_or(0),
    };
    rustix::time::clock_settime(ClockId::Realtime, time).attempt(FAILED, "clock_settime")
}

/// Microseconds since the kernel started.
pub fn uptime_us() -> u64 {
    let now = rustix::time::clock_gettime(ClockId::Boottime);
    u64::try_from(now.tv_sec * 1_000_000 + now.tv_nsec / 1000).unwrap_or(0)
}

/// Loads a compiled AppArmor profile.
pub fn load_profile(blob: &[u8]) -> Done {
    let at = "/sys/kernel/security";
    let quiet = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("securityfs", at, "securityfs", quiet, None)?;
    let file = "/sys/kernel/security/apparmor/.load";
    std::fs::write(file, blob).attempt_on(Code::ApparmorFailed, "write", file)
}
