//! Channel, control and egress: how they are connected.

use crate::Done;
use crate::command_line::Ports;
use bulkhead_error::Attempt;
use bulkhead_plan::{Code, Error};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::{AsRawFd, FromRawFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::net::SocketFlags;
use std::time::{Duration, Instant};

const FAILED: Code = Code::GuestFailed;
const CHANNEL: (&str, u32) = ("bulkhead.channel", 1024);
const CONTROL: (&str, u32) = ("bulkhead.control", 1025);
const EGRESS: (&str, u32) = ("bulkhead.egress", 1026);

/// The driver asks the host for each port's name, and learns later that the port is connected. A slow host (an emulated
/// machine beside many) needs the time.
const PATIENCE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_millis(1);

pub struct Opened {
    /// A port, or a socket to accept it from: for init.
    pub channel: OwnedFd,
    pub control: OwnedFd,
    /// Where the next control connection arrives, after a restore has cut this one.
    pub listener: Option<OwnedFd>,
}

pub fn open(kind: Ports) -> Done<Opened> {
    match kind {
        Ports::Serial => {
            let channel = open_serial(CHANNEL.0)?;
            Ok(Opened { channel, control: open_serial(CONTROL.0)?, listener: None })
        }
        Ports::Vsock => {
            let (channel, listener) = (listen(CHANNEL.1)?, listen(CONTROL.1)?);
            Ok(Opened { channel, control: accept(&listener)?, listener: Some(listener) })
        }
    }
}

/// The port of the sandbox's egress, or a socket to accept it from: for init. Present only if the machine was created
/// for a sandbox with egress.
pub fn open_egress(kind: Ports) -> Done<OwnedFd> {
    match kind {
        Ports::Serial => open_serial(EGRESS.0),
        Ports::Vsock => listen(EGRESS.1),
    }
}

pub fn accept(listener: &OwnedFd) -> Done<OwnedFd> {
    rustix::net::accept_with(listener, SocketFlags::CLOEXEC).attempt(FAILED, "accept")
}

fn open_serial(name: &str) -> Done<OwnedFd> {
    let until = Instant::now() + PATIENCE;
    let device = wait_for(until, name, || find(name))?;
    let path = format!("/dev/{device}");
    let port =
        rustix::fs::open(&*path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).attempt_on(FAILED, "open", &path)?;
    // Until the host's side is connected a read returns end of file, which must not be taken for the host's end.
    wait_for(until, name, || is_connected(&port).then_some(()))?;
    Ok(port)
}

fn find(name: &str) -> Option<String> {
    const PORTS: &str = "/sys/class/virtio-ports";
    let entries = std::fs::read_dir(PORTS).ok()?;
    entries.flatten().find_map(|entry| {
        let text = std::fs::read_to_string(entry.path().join("name")).ok()?;
        (text.trim_end() == name).then(|| entry.file_name().to_string_lossy().into_owned())
    })
}

fn is_connected(port: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(port, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::event::poll(&mut fds, Some(&now)).is_ok() && !fds[0].revents().contains(PollFlags::HUP)
}

/// Without a netlink socket the kernel offers no event to wait for.
fn wait_for<T>(until: Instant, name: &str, look: impl Fn() -> Option<T>) -> Done<T> {
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() > until {
            return Err(Error::new(FAILED, "wait for port").path(name));
        }
        std::thread::sleep(STEP);
    }
}

fn listen(port: u32) -> Done<OwnedFd> {
    // SAFETY: integers only.
    let fd = unsafe { libc::socket(libc::AF_VSOCK, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error()).attempt(FAILED, "socket vsock");
    }
    // SAFETY: a new descriptor that nothing else owns.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: sockaddr_vm is plain data, for which all zeroes is valid.
    let mut address: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
    address.svm_family = libc::sa_family_t::try_from(libc::AF_VSOCK).unwrap_or(0);
    address.svm_port = port;
    address.svm_cid = libc::VMADDR_CID_ANY;
    let length = libc::socklen_t::try_from(size_of_val(&address)).unwrap_or(0);
    // SAFETY: the address lives through the call and has the length that is given.
    if unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) } < 0 {
        return Err(std::io::Error::last_os_error()).attempt(FAILED, "bind vsock");
    }
    // One peer, the host: more than two at once do not come from Bulkhead.
    rustix::net::listen(&socket, 2).attempt(FAILED, "listen vsock")?;
    Ok(socket)
}
