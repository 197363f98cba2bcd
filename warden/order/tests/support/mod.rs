//! Orders that are in order.

use bulkhead_order::{
    Access, Advertised, At, Bind, Caller, Channel, Descriptor, Dev, Device, File, Filters, Floor, Given, Landlock,
    Layers, Limits, Mount, Offer, Open, Order, Overlay, Owner, Proc, Program, Root, RootDirectory, RootEmpty,
    RootLayers, RootSource, Symlink, Tcp, Tmpfs, User, Workload,
};
use std::ffi::CString;

pub const GIVEN: Given = Given { attached: 1, idmaps: 2 };

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

fn mounts(owner: Option<Owner>) -> Vec<Mount> {
    let at = |place: &str| At { at: text(place) };
    vec![
        Mount::Proc(Proc { at: text("/proc"), writable: false }),
        Mount::Sys(at("/sys")),
        Mount::Dev(Dev { at: text("/dev"), shm_bytes: 1 << 20, mqueue: true }),
        Mount::Mask(at("/proc/kcore")),
        Mount::Bind(Bind { source: text("/srv/data"), at: text("/data"), read_only: false, exec: true, owner }),
        Mount::Layers(Layers {
            at: text("/image"),
            layers: vec![text("/store/a"), text("/store/b")],
            owner,
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
        Mount::File(File { at: text("/etc/hosts"), content: text("127.0.0.1 localhost\n") }),
    ]
}

/// A workload under init, with everything that one can have.
pub fn workload() -> Order {
    let owner = Some(Owner { idmap: 1, optional: false });
    Order {
        caller: Caller { uid: 1000, gid: 1000, groups: vec![4, 27] },
        hostname: Some(text("box")),
        root: Root {
            source: RootSource::Layers(RootLayers { layers: vec![text("/store/c")], owner }),
            read_only: false,
            overlay: Some(Overlay { size_bytes: 1 << 26, inodes: 1 << 14 }),
        },
        mounts: mounts(owner),
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
        offer: Offer { wanted: 1, equal: 2, processors: vec![3, 0, 1] },
    }
}

/// A program that makes a wall of its own.
pub fn program() -> Order {
    let made = vec![
        Mount::Proc(Proc { at: text("/proc"), writable: true }),
        Mount::Dev(Dev { at: text("/dev"), shm_bytes: 1 << 20, mqueue: false }),
        Mount::Device(Device { path: text("/dev/kvm"), at: text("/dev/kvm") }),
        Mount::Symlink(Symlink { at: text("/bin"), target: text("usr/bin") }),
    ];
    Order {
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

/// Of another kind of root.
pub fn directory() -> Order {
    let source = RootSource::Directory(RootDirectory {
        path: text("/srv/root"),
        owner: Some(Owner { idmap: 0, optional: true }),
    });
    Order { root: Root { source, read_only: true, overlay: None }, ..workload() }
}
