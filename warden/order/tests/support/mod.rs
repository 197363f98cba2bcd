//! Valid orders.

use bulkhead_order::{
    Access, Advertised, At, Bind, Caller, Channel, Controller, Descriptor, Dev, Filters, Floor, Landlock, Layers,
    Level, Limits, Mount, Namespace, Offer, OneOwner, Open, Order, Overlay, Owner, Piece, Proc, Program, Root,
    RootEmpty, RootSource, STORE_RANGE, Source, StoreOwner, Symlink, Tcp, Terms, Text, Tmpfs, User, Workload,
};
use std::ffi::CString;

fn text(text: &str) -> String {
    text.to_owned()
}

fn word(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

fn filter() -> Vec<libc::sock_filter> {
    let code = |code: u32| u16::try_from(code).unwrap_or(0);
    vec![
        libc::sock_filter { code: code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS), jt: 0, jf: 0, k: 4 },
        libc::sock_filter { code: code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K), jt: 0, jf: 1, k: 9 },
        libc::sock_filter { code: code(libc::BPF_RET), jt: 0, jf: 0, k: libc::SECCOMP_RET_ERRNO | 1 },
        libc::sock_filter { code: code(libc::BPF_RET), jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW },
    ]
}

fn mounts() -> Vec<Mount> {
    let at = |place: &str| At { at: text(place) };
    vec![
        Mount::Proc(Proc { at: text("/proc"), writable: false }),
        Mount::Sys(at("/sys")),
        Mount::Dev(Dev { at: text("/dev"), shm_bytes: 1 << 20, mqueue: true }),
        Mount::Mask(at("/proc/kcore")),
        Mount::Bind(Bind { source: 1, at: text("/data") }),
        Mount::Layers(Layers {
            at: text("/image"),
            layers: vec![3, 2],
            overlay: Some(Overlay { size_bytes: 1 << 20, inodes: 100 }),
            read_only: true,
            exec: false,
        }),
        Mount::Tmpfs(Tmpfs {
            at: text("/tmp"),
            size_bytes: 1 << 20,
            inodes: 100,
            mode: 0o1777,
            uid: 1000,
            gid: 1000,
            exec: true,
        }),
        Mount::Text(Text {
            at: text("/etc/passwd"),
            content: vec![Piece::Text(text("root:x:")), Piece::Id(0), Piece::Text(text(":0::/:/bin/sh\n"))],
        }),
    ]
}

fn source(path: &str, read_only: bool, owner: Option<Owner>) -> Source {
    Source { path: text(path), read_only, exec: true, owner }
}

fn sources() -> Vec<Source> {
    let store = Some(Owner::Store(StoreOwner { range: STORE_RANGE }));
    let lent = OneOwner { host_uid: 1000, host_gid: 1000, uid: 1000, gid: 1000, maker: false, optional: false };
    vec![
        source("/store/c", true, store),
        source("/srv/data", false, Some(Owner::One(lent))),
        source("/store/b", true, store),
        source("/store/a", true, None),
    ]
}

/// Terms, as the process that runs an order provides them.
pub fn terms() -> Terms {
    Terms {
        caller: Caller { uid: 1000, gid: 1000, groups: vec![4, 27] },
        offer: Offer { wanted: 1, equal: 2, processors: vec![3, 0, 1] },
    }
}

/// A workload under init, with every possible field.
pub fn workload() -> Order {
    use Namespace::{Cgroup, Ipc, Net, Pid, User as Users, Uts};
    Order {
        id: text("sandbox-1"),
        level: Level::Container,
        namespaces: vec![Namespace::Mount, Pid, Ipc, Net, Users, Uts, Cgroup],
        cgroup_version: 2,
        controllers: vec![Controller::Memory, Controller::Pids],
        sources: sources(),
        hostname: Some(text("box")),
        root: Root {
            source: RootSource::Layers(vec![0]),
            read_only: false,
            overlay: Some(Overlay { size_bytes: 1 << 26, inodes: 1 << 14 }),
        },
        mounts: mounts(),
        limits: Limits {
            memory_bytes: 1 << 29,
            pids: 64,
            milli_cpus: 1000,
            open_files: 1024,
            file_bytes: None,
            locked_bytes: 1 << 16,
            address_space_bytes: None,
            processes: Some(65),
        },
        advertised: Some(Advertised { memory_bytes: 1 << 29, pids: 64, milli_cpus: 1000 }),
        filters: Filters {
            floor: Floor::Workload { whiteouts: false, chroot: true },
            base: vec![filter(), filter()],
            workload: Some(Workload { program: filter(), log: true }),
        },
        landlock: Some(Landlock {
            abi: 6,
            writable: vec![text("/tmp"), text("/")],
            whiteouts: false,
            access: Some(Access { read: vec![text("/etc")], list: Vec::new(), execute: vec![text("/usr")] }),
            tcp: Some(Tcp { bind: vec![0], connect: vec![443] }),
            queues: true,
            sockets: vec![text("/run")],
        }),
        apparmor: Some(text("bulkhead-default")),
        selinux: Some(text("system_u:system_r:container_t:s0")),
        reserved_addresses: true,
        owner: User { uid: 1000, gid: 1000, groups: vec![5] },
        user: User { uid: 65_535, gid: 65_535, groups: Vec::new() },
        capabilities: 0xe0,
        hands_on: false,
        program: Program {
            is_init: true,
            path: None,
            argv: vec![word("init"), word("--channel"), word("3")],
            env: Vec::new(),
            channel: Channel::Fd(3),
            descriptors: vec![Descriptor::Attached(5)],
        },
    }
}

/// A program that builds a sandbox of its own.
pub fn program() -> Order {
    let made = vec![
        Mount::Proc(Proc { at: text("/proc"), writable: true }),
        Mount::Dev(Dev { at: text("/dev"), shm_bytes: 1 << 20, mqueue: false }),
        Mount::Device(Bind { source: 0, at: text("/dev/kvm") }),
        Mount::Symlink(Symlink { at: text("/bin"), target: text("usr/bin") }),
    ];
    Order {
        level: Level::Gvisor,
        sources: vec![source("/dev/kvm", true, None)],
        hostname: None,
        root: Root { source: RootSource::Empty(RootEmpty { size_bytes: 4096 }), read_only: true, overlay: None },
        mounts: made,
        advertised: None,
        filters: Filters { floor: Floor::Program, base: vec![filter()], workload: None },
        landlock: None,
        apparmor: None,
        selinux: None,
        hands_on: true,
        program: Program {
            is_init: false,
            path: Some(word("/usr/bin/vmm")),
            argv: vec![word("vmm")],
            env: vec![word("A=b")],
            channel: Channel::Stdio(()),
            descriptors: vec![
                Descriptor::Attached(4),
                Descriptor::Open(Open { fd: 6, path: text("/disk"), write: true }),
            ],
        },
        ..workload()
    }
}

/// An order with another kind of root.
pub fn directory() -> Order {
    let root = Root { source: RootSource::Directory(0), read_only: true, overlay: None };
    Order { root, ..workload() }
}
