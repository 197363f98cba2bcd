//! Sockets that already listen when the program starts, as `sd_listen_fds(3)` expects them: from descriptor 3 on, with
//! the variables `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`.

use crate::server::BACKLOG;
use bulkhead_channel::request::{Exec, ListenSocket};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen as start_listening, socket_with, sockopt};
use std::ffi::CString;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, RawFd};

const FIRST: RawFd = 3;
const OWN: [&[u8]; 3] = [b"LISTEN_PID=", b"LISTEN_FDS=", b"LISTEN_FDNAMES="];

/// The whole environment of a program that gets sockets. Called in the process that becomes the program.
pub fn variables(exec: &Exec) -> Option<Vec<CString>> {
    if exec.listen.is_empty() {
        return None;
    }
    let names: Vec<&str> = exec.listen.iter().map(|socket| socket.name.as_str()).collect();
    let own = [
        format!("LISTEN_PID={}", std::process::id()),
        format!("LISTEN_FDS={}", exec.listen.len()),
        format!("LISTEN_FDNAMES={}", names.join(":")),
    ];
    let given = exec.env.iter().filter(|one| !OWN.iter().any(|name| one.as_bytes().starts_with(name))).cloned();
    Some(given.chain(own.into_iter().filter_map(|one| CString::new(one).ok())).collect())
}

/// Opens the sockets on their numbers, which are free, for the program: they stay open across its exec.
pub fn listen(sockets: &[ListenSocket]) -> Result<(), (&'static str, Errno)> {
    for (expected, socket) in (FIRST..).zip(sockets) {
        let made = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::empty(), None)
            .map_err(|errno| ("socket", errno))?;
        sockopt::set_socket_reuseaddr(&made, true).map_err(|errno| ("setsockopt", errno))?;
        bind(&made, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, socket.port)).map_err(|errno| ("bind", errno))?;
        start_listening(&made, BACKLOG).map_err(|errno| ("listen", errno))?;
        if made.as_raw_fd() != expected {
            return Err(("socket", Errno::BADF));
        }
        std::mem::forget(made);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_channel::request::Stdin;

    #[test]
    fn the_variables_replace_those_of_the_caller() {
        let string = |text: &str| CString::new(text).unwrap();
        let named = |name: &str, port| ListenSocket { name: name.to_owned(), port };
        let mut exec = Exec {
            argv: vec![string("a")],
            env: vec![string("LISTEN_FDS=9"), string("LISTEN_FDS_START=4"), string("PATH=/bin")],
            cwd: string("/"),
            stdin: Stdin::Null,
            tty: None,
            user: None,
            listen: Vec::new(),
        };
        assert_eq!(variables(&exec), None);
        exec.listen = vec![named("http", 80), named("admin", 81)];
        let pid = format!("LISTEN_PID={}", std::process::id());
        let expected = ["LISTEN_FDS_START=4", "PATH=/bin", &pid, "LISTEN_FDS=2", "LISTEN_FDNAMES=http:admin"];
        assert_eq!(variables(&exec), Some(expected.map(string).to_vec()));
    }
}
