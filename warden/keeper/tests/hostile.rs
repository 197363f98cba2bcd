//! Compromised fronts: they hold a front's rights, and send messages to a root keeper that no front would send. Each
//! runs as uid 4242, under all confinement that the keeper applies to a front.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../order/tests/support/mod.rs"]
#[allow(dead_code)] // helpers for another test
mod support;

mod stalls;

use bulkhead_keeper::{Keeper, Settings, Start};
use bulkhead_order::wire::{Bytes, decode, encode};
use bulkhead_order::{
    Bind, Level, Mount, Namespace, OneOwner, Order, Owner, Root, RootEmpty, RootSource, STORE_RANGE, StoreOwner,
};
use bulkhead_parcel::{Inbox, Limits, Read};
use bulkhead_protocol::facts::Maxima;
use bulkhead_protocol::{Answer, Ask, End, Launch, Request, ToFront, ToKeeper};
use bulkhead_sys::Fork;
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{WaitId, WaitIdOptions};

const UID: u32 = 4242;
const MOST_PIDS: u64 = 64;
/// Readable by all users except the front's group.
const WITHHELD: &str = "/tmp/bulkhead-hostile-withheld";

fn main() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: a keeper that holds privilege needs root");
        return;
    }
    std::fs::write(WITHHELD, "everybody else's\n").unwrap();
    std::os::unix::fs::chown(WITHHELD, Some(0), Some(UID)).unwrap();
    std::fs::set_permissions(WITHHELD, std::os::unix::fs::PermissionsExt::from_mode(0o604)).unwrap();
    for (name, front) in [
        ("holds nothing", holds_nothing as fn(Start) -> i32),
        ("orders what it may not have", orders),
        ("sends descriptors of every wrong kind", descriptors),
        ("asks for what is not its own", foreign),
        ("sends no parcel", garbage),
        ("sends no message", no_message),
        ("sends no order", no_order),
        ("sends half a parcel and waits", stalls::half),
        ("does not read", stalls::deaf),
    ] {
        let said = serve(front);
        assert_eq!(said, "as it should be", "a front that {name}");
        println!("a front that {name}: {said}");
    }
    let said = serve_with(stalls::asks_at_a_signal, stalls::passes_a_socket_that_lingers);
    assert_eq!(said, "as it should be", "a caller that passes a socket whose close waits");
    std::fs::remove_file(WITHHELD).unwrap();
}

/// The front's own report; the keeper has ended when this returns.
fn serve(front: fn(Start) -> i32) -> String {
    serve_with(front, |_, _| ())
}

/// `outside` runs beside the keeper, with its address and the other end of the owner's connection.
fn serve_with(front: fn(Start) -> i32, outside: fn(&SocketAddrUnix, &OwnedFd)) -> String {
    let (ours, theirs) = as_user(|| {
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap()
    });
    let Fork::Parent { pidfd, pid } = bulkhead_sys::fork(0, None).unwrap() else {
        drop(ours);
        bulkhead_sys::exit_now(keep(theirs, front));
    };
    drop(theirs);
    outside(&SocketAddrUnix::new_abstract_name(format!("bulkhead-hostile-{pid}").as_bytes()).unwrap(), &ours);
    let mut said = Vec::new();
    let mut bytes = [0; 4096];
    while let Ok((count @ 1.., _)) = rustix::net::recv(&ours, &mut bytes, RecvFlags::empty()) {
        said.extend_from_slice(&bytes[..count]);
    }
    let ended = rustix::process::waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED).unwrap().unwrap();
    assert_eq!(ended.exit_status(), Some(0), "the keeper; {}", String::from_utf8_lossy(&said));
    String::from_utf8(said).unwrap()
}

fn keep(control: OwnedFd, front: fn(Start) -> i32) -> i32 {
    let listener =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None).unwrap();
    let name = format!("bulkhead-hostile-{}", std::process::id());
    rustix::net::bind(&listener, &SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap()).unwrap();
    rustix::net::listen(&listener, 8).unwrap();
    bulkhead_sys::block_signals(&[libc::SIGTERM]).unwrap();
    let signals = bulkhead_sys::signal_descriptor(&[libc::SIGTERM]).unwrap();
    let maxima = Maxima { pids: Some(MOST_PIDS), ..Maxima::default() };
    let settings = Settings { private: true, allow_uids: vec![UID], allow_gids: vec![], maxima, expect: None, name };
    match Keeper::new(settings, listener, Some(control), signals, front).and_then(Keeper::run) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

/// Creates it as that user: the kernel records a socket's creator.
fn as_user<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: takes numbers and no groups; this process has one thread.
    unsafe {
        assert_eq!(libc::setgroups(0, std::ptr::null()), 0);
        assert_eq!((libc::setegid(UID), libc::seteuid(UID)), (0, 0));
    }
    let done = work();
    // SAFETY: as above.
    unsafe { assert_eq!((libc::seteuid(0), libc::setegid(0)), (0, 0)) };
    done
}

struct Hostile {
    start: Start,
    inbox: Inbox,
    wrong: Vec<String>,
}

impl Hostile {
    fn new(start: Start) -> Self {
        let inbox = Inbox::new(Limits { bytes: 1 << 20, descriptors: 1 });
        Self { start, inbox, wrong: Vec::new() }
    }

    fn control(&self) -> BorrowedFd<'_> {
        self.start.control.as_ref().unwrap().as_fd()
    }

    fn send(&self, message: &ToKeeper, descriptors: &[BorrowedFd]) {
        let _ = bulkhead_parcel::send(&self.start.socket, &encode(message), descriptors);
    }

    fn hear(&mut self) -> Option<ToFront> {
        match self.inbox.read(&self.start.socket, RecvFlags::empty()) {
            Read::Parcel(parcel) => Some(decode(&parcel.bytes).unwrap()),
            Read::Later | Read::End => None,
        }
    }

    fn launch(&self, order: &Order, descriptors: &[BorrowedFd]) {
        self.send(&ToKeeper::Launch(Launch { caller_pid: 1, order: Bytes(order.encode()) }), descriptors);
    }

    /// Code and detail, or path, of the refusal.
    fn refusal(&mut self) -> String {
        match self.hear() {
            Some(ToFront::Refused(refused)) => {
                let error = refused.error;
                format!("{} {}", error.code, error.detail.or(error.path).unwrap_or_default())
            }
            other => format!("{other:?}"),
        }
    }

    fn expect(&mut self, what: &str, found: &str, expected: &str) {
        if !found.starts_with(expected) {
            self.wrong.push(format!("{what}: {found} instead of {expected}"));
        }
    }

    /// Reports the result; the keeper then ends.
    fn report(&self) -> i32 {
        let said = if self.wrong.is_empty() { "as it should be".to_owned() } else { self.wrong.join("; ") };
        let _ = rustix::net::send(self.control(), said.as_bytes(), SendFlags::NOSIGNAL);
        0
    }

    /// The keeper must close the connection and kill this process; if it does neither, the wait times out.
    fn expect_end(mut self) -> i32 {
        while self.hear().is_some() {}
        0
    }
}

/// Mounts proc, dev and the other required parts, and the caller's own directory, which it lends.
fn order(facts_cgroup: u8) -> Order {
    let template = support::workload();
    let lent = OneOwner { host_uid: UID, host_gid: UID, uid: 1000, gid: 1000, maker: false, optional: false };
    let mut sources = template.sources.clone();
    sources.truncate(2);
    sources.remove(0);
    sources[0].owner = Some(Owner::One(lent));
    let mut mounts = template.mounts.clone();
    mounts.retain(|mount| matches!(mount, Mount::Proc(_) | Mount::Dev(_)));
    mounts.push(Mount::Bind(Bind { source: 0, at: "/data".to_owned() }));
    Order {
        root: Root { source: RootSource::Empty(RootEmpty { size_bytes: 1 << 20 }), read_only: true, overlay: None },
        sources,
        mounts,
        cgroup_version: facts_cgroup,
        controllers: vec![bulkhead_order::Controller::Pids],
        program: bulkhead_order::Program { descriptors: Vec::new(), ..template.program.clone() },
        ..template
    }
}

type Change = fn(&mut Order);

fn lent(order: &mut Order) -> &mut OneOwner {
    let Some(Owner::One(owner)) = &mut order.sources[0].owner else { panic!("not lent") };
    owner
}

const FORBIDDEN: [(&str, &str, Change); 15] = [
    ("CAP_SYS_ADMIN", "PLAN_INVALID Order.capabilities", |order| order.capabilities = 1 << 21),
    ("CAP_SYS_PTRACE", "PLAN_INVALID Order.capabilities", |order| order.capabilities |= 1 << 19),
    ("a capability of the host's user namespace", "PLAN_INVALID Order.capabilities", |order| {
        order.level = Level::Chroot;
        order.namespaces.retain(|one| *one != Namespace::User);
    }),
    ("capabilities to hand on", "PLAN_INVALID Order.capabilities", |order| order.hands_on = true),
    ("no user namespace", "PLAN_INVALID Order.level", |order| {
        order.namespaces.retain(|one| *one != Namespace::User);
    }),
    ("init at another level", "PLAN_INVALID Order.level", |order| order.level = Level::Microvm),
    ("a program at this level", "PLAN_INVALID Order.level", |order| order.program.is_init = false),
    ("another version of control groups", "CGROUP_UNAVAILABLE", |order| order.cgroup_version = 9),
    ("more processes than the owner allows", "LIMIT_ABOVE_MAXIMUM", |order| order.limits.pids = MOST_PIDS + 1),
    ("no limit", "LIMIT_ABOVE_MAXIMUM", |order| order.controllers.clear()),
    ("files of root", "MOUNT_OWNER_ROOT", |order| lent(order).host_uid = 0),
    ("files of another user", "MOUNT_OWNER_FOREIGN owner.hostUid", |order| lent(order).host_uid = UID + 1),
    ("files of another group", "MOUNT_OWNER_FOREIGN owner.hostGid", |order| lent(order).host_gid = UID + 1),
    ("the store", "MOUNT_OWNER_FOREIGN", |order| {
        order.sources[0].owner = Some(Owner::Store(StoreOwner { range: STORE_RANGE }));
    }),
    ("files of a sandbox that is gone", "MOUNT_OWNER_FOREIGN", |order| order.sources[0].owner = None),
];

fn orders(start: Start) -> i32 {
    let mut hostile = Hostile::new(start);
    let tmp = path("/tmp").unwrap();
    for (what, expected, change) in FORBIDDEN {
        let mut order = order(hostile.start.facts.cgroup.version);
        change(&mut order);
        if let Err(error) = order.check() {
            hostile.wrong.push(format!("{what}: {error}"));
            continue;
        }
        hostile.launch(&order, &[hostile.control(), tmp.as_fd()]);
        let found = hostile.refusal();
        hostile.expect(what, &found, expected);
    }
    hostile.report()
}

fn path(path: &str) -> Option<OwnedFd> {
    rustix::fs::openat2(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::empty()).ok()
}

fn descriptors(start: Start) -> i32 {
    let mut hostile = Hostile::new(start);
    // SAFETY: it stays open until this process ends.
    let control = unsafe { BorrowedFd::borrow_raw(hostile.control().as_raw_fd()) };
    let device = path("/dev/null").unwrap();
    let proc = path("/proc/self/ns/mnt").unwrap();
    let withheld = path(WITHHELD).unwrap();
    let epoll = rustix::event::epoll::create(rustix::event::epoll::CreateFlags::CLOEXEC).unwrap();
    let order = order(hostile.start.facts.cgroup.version);
    for (what, expected, kinds) in [
        ("none", "LAUNCH_FAILED descriptors", vec![]),
        ("the channel alone", "LAUNCH_FAILED descriptors", vec![control]),
        ("one too many", "LAUNCH_FAILED descriptors", vec![control, device.as_fd(), device.as_fd()]),
        ("a device", "MOUNT_SOURCE_UNAVAILABLE", vec![control, device.as_fd()]),
        ("a socket", "MOUNT_SOURCE_UNAVAILABLE", vec![control, control]),
        ("an epoll", "MOUNT_SOURCE_UNAVAILABLE", vec![control, epoll.as_fd()]),
        ("a file of those who are not in its group", "MOUNT_SOURCE_UNAVAILABLE", vec![control, withheld.as_fd()]),
        ("a namespace", "MOUNT_SOURCE_UNAVAILABLE", vec![control, proc.as_fd()]),
    ] {
        let mut one = order.clone();
        one.id = format!("sandbox-{}", what.len());
        hostile.launch(&one, &kinds);
        let found = match hostile.hear() {
            Some(ToFront::Refused(refused)) => {
                format!("{} {}", refused.error.code, refused.error.detail.unwrap_or_default())
            }
            other => format!("{other:?}"),
        };
        if !found.starts_with(expected) {
            hostile.wrong.push(format!("{what}: {found} instead of {expected}"));
        }
    }
    hostile.report()
}

fn foreign(start: Start) -> i32 {
    let mut hostile = Hostile::new(start);
    let id = || "sandbox-1".to_owned();
    for request in [Request::Stats, Request::Evidence, Request::Pause, Request::Resume, Request::Kill] {
        hostile.send(&ToKeeper::Ask(Ask { seq: 1, id: id(), request }), &[]);
        let answer = hostile.hear();
        let unknown = matches!(&answer, Some(ToFront::Reply(reply)) if matches!(reply.answer, Answer::Failed(_)));
        if !unknown {
            hostile.wrong.push(format!("{request:?}: {answer:?}"));
        }
    }
    hostile.send(&ToKeeper::End(End { seq: 2, id: id(), pid: 1 }), &[]);
    let answer = hostile.hear();
    if !matches!(&answer, Some(ToFront::Reply(reply)) if matches!(reply.answer, Answer::Failed(_))) {
        hostile.wrong.push(format!("end: {answer:?}"));
    }
    hostile.report()
}

fn garbage(start: Start) -> i32 {
    let hostile = Hostile::new(start);
    hostile.report(); // the kill may come at once
    let _ = rustix::net::send(&hostile.start.socket, &[255; 100], SendFlags::NOSIGNAL);
    hostile.expect_end()
}

fn no_message(start: Start) -> i32 {
    let hostile = Hostile::new(start);
    hostile.report(); // the kill may come at once
    let _ = bulkhead_parcel::send(&hostile.start.socket, &[255, 0, 0, 0], &[]);
    hostile.expect_end()
}

fn no_order(start: Start) -> i32 {
    let hostile = Hostile::new(start);
    hostile.report(); // the kill may come at once
    let launch = Launch { caller_pid: 1, order: Bytes(vec![0; 1000]) };
    hostile.send(&ToKeeper::Launch(launch), &[]);
    hostile.expect_end()
}

fn holds_nothing(start: Start) -> i32 {
    let mut hostile = Hostile::new(start);
    let keeper = 1;
    // SAFETY: each of these takes numbers, or pointers to strings and structs that outlive the call; they are to fail.
    let attempts = unsafe {
        [
            ("open a file", libc::open(c"/etc/hostname".as_ptr(), libc::O_RDONLY)),
            ("make a file", libc::open(c"/tmp/hostile".as_ptr(), libc::O_CREAT | libc::O_WRONLY, 0o600)),
            ("make a socket", libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)),
            ("make a network socket", libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0)),
            ("signal the keeper", libc::kill(keeper, 0)),
            ("signal itself", libc::kill(0, 0)),
            ("fork", libc::fork()),
            ("execute", libc::execve(c"/bin/true".as_ptr(), std::ptr::null(), std::ptr::null())),
            ("become root", libc::setuid(0)),
            ("become another user", libc::setuid(1)),
            ("trace the keeper", i32::from(libc::ptrace(libc::PTRACE_ATTACH, keeper, 0, 0) == 0) - 1),
            ("make a namespace", libc::unshare(libc::CLONE_NEWUSER)),
            ("be dumpable", libc::prctl(libc::PR_SET_DUMPABLE, 1)),
            ("chroot", libc::chroot(c"/tmp".as_ptr())),
        ]
    };
    for (what, result) in attempts {
        if result != -1 {
            hostile.wrong.push(format!("can {what}"));
        }
    }
    // Without Landlock a file can be opened, but still not read or written: the filter refuses that first.
    let control = hostile.control().as_raw_fd();
    let refused = |result: bool| result && std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM);
    // SAFETY: the byte outlives the call, and memory at no address in particular is mapped; both are to fail.
    let (written, mapped) = unsafe {
        let written = refused(libc::write(control, [0_u8].as_ptr().cast(), 1) == -1);
        let (start, none) = (std::ptr::null_mut(), libc::MAP_FAILED);
        (written, refused(libc::mmap(start, 4096, libc::PROT_READ, libc::MAP_PRIVATE, control, 0) == none))
    };
    if !written || !mapped {
        hostile.wrong.push(format!("writes {} or maps {}", !written, !mapped));
    }
    for file in ["/etc/hostname", "/proc/self/status", "/proc/self/mem", "/proc/1/status"] {
        let opened = rustix::fs::openat2(CWD, file, OFlags::RDONLY, Mode::empty(), ResolveFlags::empty());
        if opened.is_ok() {
            hostile.wrong.push(format!("reads {file}"));
        }
    }
    // Fronts name files, so this must work.
    if path("/etc/hostname").is_none() {
        hostile.wrong.push("names nothing".to_owned());
    }
    // A directory that its uid cannot enter hides the names below it.
    if path("/proc/1/root/etc").is_some() || path("/root/.").is_some() {
        hostile.wrong.push("names what its caller cannot".to_owned());
    }
    hostile.report()
}
