//! Landlock in the kernel: a shell's access below its own directory, and elsewhere.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use bulkhead_confine::landlock;
use bulkhead_confine::process;
use bulkhead_plan::Code;
use bulkhead_plan::model::{Access, Landlock, Tcp};
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use support::{End, confined, in_child, output};

/// A directory that is removed at the end in any case.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bulkhead-landlock-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("writable")).unwrap();
        fs::create_dir_all(path.join("elsewhere")).unwrap();
        fs::write(path.join("elsewhere/kept"), "asset").unwrap();
        Self(path.canonicalize().unwrap())
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A kernel may be newer than this program.
fn usable() -> u32 {
    landlock::abi().min(Landlock::NEWEST_ABI)
}

fn plan(abi: u32, directory: &Directory) -> Landlock {
    Landlock {
        abi,
        writable: vec![directory.path().join("writable").to_str().unwrap().to_owned()],
        whiteouts: false,
        access: None,
        tcp: None,
        queues: false,
        sockets: Vec::new(),
    }
}

/// Runs a script below the directory under each ABI that the kernel has.
fn each_abi(name: &str, script: &str, check: impl Fn(u32, &Directory, &str)) {
    if usable() == 0 {
        eprintln!("skipped: this kernel has no Landlock");
    }
    for abi in 1..=usable() {
        let directory = Directory::new(&format!("{name}-{abi}"));
        let plan = plan(abi, &directory);
        let mut command = confined("sh", move || {
            process::no_new_privs()?;
            landlock::restrict(&plan)
        });
        let said = output(command.current_dir(directory.path()).arg("-c").arg(script));
        check(abi, &directory, &said);
        assert_eq!(fs::read_to_string(directory.path().join("elsewhere/kept")).unwrap(), "asset");
        assert_eq!(fs::read_dir(directory.path().join("elsewhere")).unwrap().count(), 1);
    }
}

#[test]
fn writes_only_where_the_plan_says() {
    const SCRIPT: &str = "
        attempt() { if (eval \"$2\") 2>/dev/null; then echo \"$1 yes\"; else echo \"$1 no\"; fi; }
        attempt write 'echo a > writable/file'
        attempt truncate ': > writable/file'
        attempt make 'mkdir writable/d && mkfifo writable/p && ln -s x writable/l'
        attempt remove 'rm -r writable/d writable/p writable/l'
        attempt read 'cat elsewhere/kept >&2'
        attempt null 'echo a > /dev/null && cat < /dev/null'
        attempt elsewhere 'echo a > elsewhere/new'
        attempt overwrite 'echo a >> elsewhere/kept'
        attempt unlink 'rm -f elsewhere/kept'
        attempt directory 'mkdir elsewhere/d'
        attempt device 'mknod writable/null c 1 3'
        attempt dev 'echo a > /dev/bulkhead-test-file'
        attempt out 'mv writable/file elsewhere/file'
        attempt in 'ln elsewhere/kept writable/kept'
        mkdir writable/d
        attempt across 'mv writable/file writable/d/file'
    ";
    each_abi("writes", SCRIPT, |abi, _, said| {
        let yes: Vec<&str> = said.lines().filter_map(|line| line.strip_suffix(" yes")).collect();
        // Also with ABI 1, which forbids every rename between directories: mv then copies.
        let expected = ["write", "truncate", "make", "remove", "read", "null", "across"];
        assert_eq!(yes, expected, "abi {abi}: {said}");
    });
    assert!(!Path::new("/dev/bulkhead-test-file").exists());
}

#[test]
fn signals_stay_inside_from_abi_6() {
    if usable() < 6 {
        eprintln!("skipped: needs Landlock ABI 6");
        return;
    }
    let script =
        format!("kill -0 {} 2>/dev/null && echo outside; sleep 9 & kill $! && echo inside", std::process::id());
    each_abi("signals", &script, |abi, _, said| {
        assert_eq!(said, if abi < 6 { "outside\ninside\n" } else { "inside\n" }, "abi {abi}");
    });
}

#[test]
fn never_best_effort() {
    let directory = Directory::new("refused");
    let link = directory.path().join("writable/link");
    std::os::unix::fs::symlink(directory.path().join("elsewhere"), &link).unwrap();
    let abi = usable();
    if abi == 0 {
        eprintln!("skipped: this kernel has no Landlock");
        return;
    }
    // Each refusal comes before this thread is restricted, so the test continues unharmed.
    for wrong in [0, abi + 1, 99] {
        let error = landlock::restrict(&plan(wrong, &directory)).unwrap_err();
        assert_eq!((error.code, error.operation.as_str()), (Code::LandlockFailed, "landlock_create_ruleset"));
    }
    for (path, errno) in [(link.to_str().unwrap(), libc::ELOOP), ("/nowhere/at/all", libc::ENOENT)] {
        let error = landlock::restrict(&Landlock {
            abi,
            writable: vec![path.to_owned()],
            whiteouts: false,
            access: None,
            tcp: None,
            queues: false,
            sockets: Vec::new(),
        })
        .unwrap_err();
        assert_eq!((error.code, error.errno, error.path.as_deref()), (Code::LandlockFailed, Some(errno), Some(path)));
    }
}

#[test]
fn a_single_file_may_be_writable() {
    let directory = Directory::new("file");
    let file = directory.path().join("writable/file");
    fs::write(&file, "").unwrap();
    if usable() == 0 {
        eprintln!("skipped: this kernel has no Landlock");
        return;
    }
    let plan = Landlock {
        abi: usable(),
        writable: vec![file.to_str().unwrap().to_owned()],
        whiteouts: false,
        access: None,
        tcp: None,
        queues: false,
        sockets: Vec::new(),
    };
    let mut command = confined("sh", move || {
        process::no_new_privs()?;
        landlock::restrict(&plan)
    });
    command.current_dir(directory.path()).args(["-c", "echo a > writable/file; echo b > writable/other || true"]);
    output(&mut command);
    assert_eq!(fs::read_to_string(&file).unwrap(), "a\n");
    assert!(!directory.path().join("writable/other").exists());
}

#[test]
fn with_access_listed_nothing_else_is_read_or_executed() {
    if usable() == 0 {
        eprintln!("skipped: this kernel has no Landlock");
        return;
    }
    let directory = Directory::new("access");
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("elsewhere/listed"), "listed").unwrap();
    let access = Access {
        read: vec![at("elsewhere/listed"), at("missing")],
        list: vec![at("writable")],
        // What a shell and cat are made of; true is in the same directories.
        execute: ["/usr/bin/dash", "/usr/bin/cat", "/usr/lib", "/usr/lib64"]
            .into_iter()
            .filter_map(|path| Some(fs::canonicalize(path).ok()?.to_str()?.to_owned()))
            .collect(),
    };
    let plan = Landlock {
        abi: usable(),
        writable: vec![at("writable")],
        whiteouts: false,
        access: Some(access),
        tcp: None,
        queues: false,
        sockets: Vec::new(),
    };
    let mut command = confined("/usr/bin/dash", move || {
        process::no_new_privs()?;
        landlock::restrict(&plan)
    });
    let script = "
        attempt() { if (eval \"$2\") >/dev/null 2>&1; then echo \"$1 yes\"; else echo \"$1 no\"; fi; }
        attempt listed 'cat elsewhere/listed'
        attempt kept 'cat elsewhere/kept'
        attempt execute '/usr/bin/true'
        attempt write 'echo a > writable/file'
        attempt read-back 'cat writable/file'
        attempt list '[ \"$(echo elsewhere/*)\" != \"elsewhere/*\" ]'
        attempt list-listed '[ \"$(echo writable/*)\" != \"writable/*\" ]'
    ";
    let said = output(command.current_dir(directory.path()).arg("-c").arg(script));
    assert_eq!(said, "listed yes\nkept no\nexecute no\nwrite yes\nread-back no\nlist no\nlist-listed yes\n");
    assert_eq!(fs::read_to_string(at("writable/file")).unwrap(), "a\n");
}

#[test]
fn of_tcp_only_the_ports_of_the_plan() {
    if usable() < 4 {
        eprintln!("skipped: needs Landlock ABI 4");
        return;
    }
    let directory = Directory::new("tcp");
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let allowed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = |listener: &std::net::TcpListener| listener.local_addr().unwrap().port();
    let (other, allowed) = (port(&other), port(&allowed));
    for abi in 4..=usable() {
        let tcp = Tcp { bind: vec![0], connect: vec![allowed] };
        let ruled = Landlock { tcp: Some(tcp), ..plan(abi, &directory) };
        let attempts = |ruled: &Landlock| {
            in_child(|| {
                if process::no_new_privs().and_then(|()| landlock::restrict(ruled)).is_err() {
                    return 255;
                }
                let denied = |errno: Option<i32>| errno == Some(libc::EACCES);
                let connects =
                    |port| denied(std::net::TcpStream::connect(("127.0.0.1", port)).err()?.raw_os_error()).into();
                let bound =
                    |port| denied(std::net::TcpListener::bind(("127.0.0.1", port)).err()?.raw_os_error()).into();
                let denials: [Option<bool>; 4] = [connects(allowed), connects(other), bound(0), bound(other)];
                denials.iter().rev().fold(0, |bits, denial| bits << 1 | i32::from(*denial == Some(true)))
            })
        };
        // Bit by bit: connect to the allowed one, to another; bind any, a certain one.
        assert_eq!(attempts(&ruled), End::Exit(0b1010), "abi {abi}");
        assert_eq!(attempts(&plan(abi, &directory)), End::Exit(0), "abi {abi}, no ports in the plan");
    }
    let early = Landlock { tcp: Some(Tcp { bind: vec![], connect: vec![] }), ..plan(3, &directory) };
    assert_eq!(landlock::restrict(&early).unwrap_err().code, Code::LandlockFailed, "never best effort");
}

/// Bits for the attempts that the kernel refuses with EACCES, in a child under `ruled`, below a fresh directory.
fn denials(ruled: &Landlock, attempts: &dyn Fn() -> Vec<std::io::Result<()>>) -> End {
    in_child(|| {
        if process::no_new_privs().and_then(|()| landlock::restrict(ruled)).is_err() {
            return 255;
        }
        let denied = |result: &std::io::Result<()>| {
            result.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::EACCES))
        };
        attempts().iter().rev().fold(0, |bits, result| bits << 1 | i32::from(denied(result)))
    })
}

#[test]
fn unix_sockets_made_outside_are_out_of_reach() {
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
    if usable() < Landlock::SOCKETS_ABI {
        eprintln!("skipped: needs Landlock ABI {}", Landlock::SOCKETS_ABI);
        return;
    }
    let directory = Directory::new("sockets");
    let at = |name: &str| directory.path().join(name);
    let _kept = [at("elsewhere/stream"), at("writable/stream")].map(|path| UnixListener::bind(path).unwrap());
    let _queue = UnixDatagram::bind(at("elsewhere/datagram")).unwrap();
    let attempts = || {
        let inside = UnixListener::bind(at("writable/own"));
        vec![
            UnixStream::connect(at("elsewhere/stream")).map(drop),
            UnixStream::connect(at("writable/stream")).map(drop),
            UnixDatagram::unbound().and_then(|socket| socket.send_to(b"x", at("elsewhere/datagram"))).map(drop),
            inside.and_then(|_listening| UnixStream::connect(at("writable/own"))).map(drop),
        ]
    };
    for abi in Landlock::SOCKETS_ABI..=usable() {
        let _ = fs::remove_file(at("writable/own"));
        let strict = plan(abi, &directory);
        assert_eq!(denials(&strict, &attempts), End::Exit(0b0111), "abi {abi}");
        let _ = fs::remove_file(at("writable/own"));
        let named = Landlock { sockets: vec![at("elsewhere").to_str().unwrap().to_owned()], ..strict };
        assert_eq!(denials(&named, &attempts), End::Exit(0b0010), "abi {abi}, elsewhere named");
    }
    let _ = fs::remove_file(at("writable/own"));
    let before = plan(Landlock::SOCKETS_ABI - 1, &directory);
    assert_eq!(denials(&before, &attempts), End::Exit(0), "the gap of older kernels");
}

#[test]
fn udp_is_left_to_the_network_namespace() {
    use std::net::UdpSocket;
    if usable() < Landlock::TCP_ABI {
        eprintln!("skipped: needs Landlock ABI {}", Landlock::TCP_ABI);
        return;
    }
    let directory = Directory::new("udp");
    let listening = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = listening.local_addr().unwrap();
    let attempts = || {
        // Bound by the kernel in the middle of the call, as a resolver does.
        let unbound = || -> std::io::Result<OwnedFd> {
            rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None)
                .map_err(Into::into)
        };
        vec![
            UdpSocket::bind("127.0.0.1:0").map(drop),
            unbound().and_then(|socket| rustix::net::connect(&socket, &address).map_err(Into::into)),
            unbound().and_then(|socket| {
                let flags = rustix::net::SendFlags::empty();
                rustix::net::sendto(&socket, b"x", flags, &address).map(drop).map_err(Into::into)
            }),
        ]
    };
    for abi in Landlock::TCP_ABI..=usable() {
        let tcp = Some(Tcp { bind: Vec::new(), connect: Vec::new() });
        assert_eq!(denials(&Landlock { tcp, ..plan(abi, &directory) }, &attempts), End::Exit(0), "abi {abi}");
    }
}
