//! Reaching something outside the sandbox.

use super::Attempt;
use crate::report::{Stopped, Tried};
use crate::sys::{call, done, number, pointer, text};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::time::Duration;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { usage: "tcp HOST PORT", about: "connect, and say something", run: tcp },
    Attempt { usage: "udp HOST PORT TEXT", about: "send one datagram", run: udp },
    Attempt {
        usage: "abstract NAME",
        about: "connect to an abstract socket, which no root directory bounds",
        run: abstract_stream,
    },
    Attempt { usage: "abstract-datagram NAME", about: "send to an abstract datagram socket", run: abstract_datagram },
    Attempt { usage: "unix PATH", about: "connect to a socket in the file system", run: unix },
    Attempt { usage: "socket FAMILY TYPE PROTOCOL", about: "make a socket of this family", run: socket },
    Attempt {
        usage: "socket-upper FAMILY TYPE",
        about: "the same with rubbish in the upper halves, which the kernel cuts off",
        run: socket_upper,
    },
    Attempt { usage: "interfaces", about: "network interfaces other than loopback", run: interfaces },
    Attempt { usage: "new-interface", about: "RTM_NEWLINK: make a dummy interface", run: new_interface },
    Attempt { usage: "loopback-down", about: "SIOCSIFFLAGS: change an interface", run: loopback_down },
    Attempt { usage: "low-port PORT", about: "listen on a port below 1024", run: low_port },
];

fn failed(error: &std::io::Error) -> Stopped {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Stopped::Errno(libc::ETIMEDOUT),
        _ => error.raw_os_error().map_or(Stopped::Absent(error.to_string()), Stopped::Errno),
    }
}

fn tcp(arguments: &[String]) -> Tried {
    let host = text(arguments, 0)?;
    let port = u16::try_from(number(arguments, 1)?).map_err(|_| Stopped::Usage("not a port"))?;
    let address = resolved(&host.to_string_lossy(), port)?;
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).map_err(|error| failed(&error))?;
    stream.write_all(b"bulkhead-probe\n").map_err(|error| failed(&error))?;
    Ok(format!("connected to {address}"))
}

/// Without a name server only the hosts file has names: musl would ask 127.0.0.1 all the same, for five seconds.
fn resolved(host: &str, port: u16) -> Result<std::net::SocketAddr, Stopped> {
    let has = |path, wanted: &dyn Fn(&str) -> bool| fs::read_to_string(path).is_ok_and(|text| text.lines().any(wanted));
    let listed = |line: &str| line.split('#').next().unwrap_or("").split_whitespace().skip(1).any(|name| name == host);
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let can = is_address
        || has("/etc/hosts", &listed)
        || has("/etc/resolv.conf", &|line| line.trim_start().starts_with("nameserver"));
    if !can {
        return Err(Stopped::Absent("no such name, and no name server".into()));
    }
    let mut addresses = (host, port).to_socket_addrs().map_err(|error| failed(&error))?;
    addresses.next().ok_or(Stopped::Usage("no address"))
}

fn udp(arguments: &[String]) -> Tried {
    let (host, content) = (text(arguments, 0)?, text(arguments, 2)?);
    let port = u16::try_from(number(arguments, 1)?).map_err(|_| Stopped::Usage("not a port"))?;
    let any = if host.to_string_lossy().contains(':') { "[::]:0" } else { "0.0.0.0:0" };
    let own = UdpSocket::bind(any).map_err(|error| failed(&error))?;
    own.send_to(content.as_bytes(), (&*host.to_string_lossy(), port)).map_err(|error| failed(&error))?;
    Ok("sent".into())
}

fn abstract_name(arguments: &[String]) -> Result<SocketAddr, Stopped> {
    SocketAddr::from_abstract_name(text(arguments, 0)?.as_bytes()).map_err(|_| Stopped::Usage("too long"))
}

fn abstract_stream(arguments: &[String]) -> Tried {
    UnixStream::connect_addr(&abstract_name(arguments)?).map_err(|error| failed(&error))?;
    Ok("connected".into())
}

fn abstract_datagram(arguments: &[String]) -> Tried {
    let own = UnixDatagram::unbound().map_err(|error| failed(&error))?;
    own.send_to_addr(b"bulkhead-probe", &abstract_name(arguments)?).map_err(|error| failed(&error))?;
    Ok("sent".into())
}

fn unix(arguments: &[String]) -> Tried {
    let path = text(arguments, 0)?;
    let mut stream = UnixStream::connect(&*path.to_string_lossy()).map_err(|error| failed(&error))?;
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let mut buffer = [0; 64];
    let got = stream.read(&mut buffer).unwrap_or(0);
    Ok(format!("connected, {got} bytes came"))
}

fn socket(arguments: &[String]) -> Tried {
    done(call(libc::SYS_socket, &[number(arguments, 0)?, number(arguments, 1)?, number(arguments, 2)?]), "made")
}

fn socket_upper(arguments: &[String]) -> Tried {
    const UPPER: usize = 0x1_0000_0000;
    done(call(libc::SYS_socket, &[number(arguments, 0)? | UPPER, number(arguments, 1)? | UPPER, 0]), "made")
}

fn interfaces(_: &[String]) -> Tried {
    let table = fs::read_to_string("/proc/self/net/dev").map_err(|error| failed(&error))?;
    let names: Vec<&str> = table.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim()).collect();
    let other: Vec<&&str> = names.iter().filter(|name| **name != "lo").collect();
    if other.is_empty() { Err(Stopped::Absent("only lo".into())) } else { Ok(format!("{other:?}")) }
}

fn new_interface(_: &[String]) -> Tried {
    let netlink = call(libc::SYS_socket, &[16, 3, 0])?;
    // nlmsghdr (RTM_NEWLINK, REQUEST|ACK|CREATE|EXCL), ifinfomsg, IFLA_LINKINFO { IFLA_INFO_KIND "dummy" }.
    let mut message = [0_u8; 52];
    message[0] = 52;
    message[4] = 16;
    message[6..8].copy_from_slice(&0x0605_u16.to_ne_bytes());
    message[32..36].copy_from_slice(&[20, 0, 18, 0]);
    message[36..40].copy_from_slice(&[10, 0, 1, 0]);
    message[40..45].copy_from_slice(b"dummy");
    call(libc::SYS_sendto, &[netlink, message.as_ptr().addr(), message.len(), 0, 0, 0])?;
    let mut answer = [0_u8; 256];
    call(libc::SYS_recvfrom, &[netlink, answer.as_mut_ptr().addr(), answer.len(), 0, 0, 0])?;
    let code = i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]);
    if code == 0 { Ok("made".into()) } else { Err(Stopped::Errno(code.wrapping_neg())) }
}

fn loopback_down(_: &[String]) -> Tried {
    const SIOCSIFFLAGS: usize = 0x8914;
    let own = call(libc::SYS_socket, &[2, 2, 0])?;
    let mut request = [0_u8; 40];
    request[..2].copy_from_slice(b"lo");
    done(call(libc::SYS_ioctl, &[own, SIOCSIFFLAGS, pointer(&request)]), "down")
}

fn low_port(arguments: &[String]) -> Tried {
    let port = u16::try_from(number(arguments, 0)?).map_err(|_| Stopped::Usage("not a port"))?;
    let own = call(libc::SYS_socket, &[2, 1, 0])?;
    let mut address = [0_u8; 16];
    address[0] = 2;
    address[2..4].copy_from_slice(&port.to_be_bytes());
    done(call(libc::SYS_bind, &[own, pointer(&address), 16]), "bound")
}
