//! Received orders must be complete and valid, without trailing bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use bulkhead_order::wire::{Bytes, encode};
use bulkhead_order::{
    Assignment, Channel, Descriptor, FILTER_FD, Floor, Level, MAX_BYTES, Mount, Namespace, OneOwner, Order, Overlay,
    Owner, Piece, Proc, RootSource, Symlink, Terms, Text,
};
use support::{directory, program, terms, workload};

fn refusal(bytes: &[u8]) -> String {
    let error = Order::decode(bytes).expect_err("refused");
    assert_eq!(error.operation, "decode order");
    error.detail.unwrap()
}

#[test]
fn what_was_encoded_is_decoded() {
    for order in [workload(), program(), directory()] {
        let bytes = order.encode();
        let decoded = Order::decode(&bytes).unwrap();
        assert_eq!((decoded.encode(), decoded.mounts), (bytes, order.mounts));
    }
}

#[test]
fn nothing_is_missing_and_nothing_follows() {
    for order in [workload(), program()] {
        let bytes = order.encode();
        for cut in 0..bytes.len() {
            refusal(&bytes[..cut]);
        }
        assert_eq!(refusal(&[bytes, vec![0]].concat()), "trailing bytes");
    }
    assert_eq!(refusal(&vec![0; MAX_BYTES + 1]), "bytes");
}

/// Changes each length and tag in turn; nothing may panic, or allocate memory for missing data.
#[test]
fn no_byte_can_be_any_other_and_mean_the_same() {
    let bytes = workload().encode();
    for at in 0..bytes.len() {
        for value in [0, 1, 2, 127, 255] {
            let mut changed = bytes.clone();
            changed[at] = value;
            if let Ok(order) = Order::decode(&changed) {
                assert_eq!(order.encode(), changed, "{at}");
            }
        }
    }
}

#[test]
fn the_terms_come_beside_it() {
    let decode = |terms: Terms| {
        let order = Bytes(workload().encode());
        Assignment::decode(&encode(&Assignment { terms, order }))
    };
    let (decoded, order) = decode(terms()).unwrap();
    assert_eq!((decoded, order.attached()), (terms(), 1));
    for (field, change) in [
        ("Terms.caller", (|terms| terms.caller.uid = u32::MAX) as fn(&mut Terms)),
        ("Terms.caller", |terms| terms.caller.groups.push(u32::MAX)),
        ("Terms.offer", |terms| terms.offer.wanted = 4),
    ] {
        let mut terms = terms();
        change(&mut terms);
        assert_eq!(decode(terms).unwrap_err().detail.unwrap(), field);
    }
}

type Change = fn(&mut Order);

const WRONG: [(&str, Change); 51] = [
    ("Order.id", |order| order.id = "-sandbox-1".into()),
    ("Order.id", |order| order.id = "a/../../etc".into()),
    ("Order.id", |order| order.id = "short".into()),
    ("Order.namespaces", |order| order.namespaces.retain(|one| *one != Namespace::Pid)),
    ("Order.namespaces", |order| order.namespaces.retain(|one| *one != Namespace::Uts)),
    ("Order.namespaces", |order| order.namespaces.retain(|one| *one != Namespace::Net)),
    ("Order.namespaces", |order| order.namespaces.push(Namespace::Mount)),
    ("Order.controllers", |order| order.cgroup_version = 0),
    ("Order.sources", |order| order.sources.truncate(3)),
    ("Order.sources", |order| order.sources.push(order.sources[0].clone())),
    ("Order.sources", |order| order.root.source = RootSource::Layers(vec![0, 0])),
    ("Order.sources", |order| order.root.source = RootSource::Directory(u16::MAX)),
    ("Source.path", |order| order.sources[0].path = "/../etc".into()),
    ("Source.path", |order| order.sources[1].path = "etc".into()),
    ("Source.path", |order| order.sources[1].path = "/a//b".into()),
    ("Source.read_only", |order| order.sources[0].read_only = false),
    ("OneOwner.host_uid", |order| lent(order).host_uid = u32::MAX),
    ("OneOwner.uid", |order| lent(order).uid = 65_535),
    ("OneOwner.maker", |order| lent(order).maker = true),
    ("OneOwner.optional", |order| lent(order).optional = true),
    ("Proc.writable", |order| order.mounts[0] = Mount::Proc(Proc { at: "/proc".into(), writable: true })),
    ("Text.content", |order| {
        order.mounts.push(Mount::Text(Text { at: "/a".into(), content: vec![Piece::Id(65_536)] }));
    }),
    ("Order.hostname", |order| order.hostname = Some("a/b".into())),
    ("layers", |order| {
        order.root.source = RootSource::Layers(Vec::new());
        order.sources.remove(0);
        order.mounts.retain(|mount| mount.sources().is_empty());
        order.sources.clear();
    }),
    ("Overlay", |order| order.root.overlay = Some(Overlay { size_bytes: 0, inodes: 1 })),
    ("Overlay", |order| order.root.overlay = Some(Overlay { size_bytes: 1, inodes: u64::MAX })),
    ("Mount.at", |order| at(order, "data")),
    ("Mount.at", |order| at(order, "/a/../b")),
    ("Mount.at", |order| at(order, "/proc/1")),
    ("Mount.at", |order| at(order, "/a\0b")),
    ("Mount.at", |order| at(order, &format!("/{}", "a".repeat(256)))),
    ("Symlink.target", |order| {
        order.mounts.push(Mount::Symlink(Symlink { at: "/bin".to_owned(), target: "usr/bin".to_owned() }));
    }),
    ("Order.limits", |order| order.limits.memory_bytes = u64::MAX),
    ("Order.limits", |order| order.limits.processes = Some(u64::MAX)),
    ("Order.limits", |order| order.limits.open_files = u64::MAX),
    ("Order.advertised", |order| order.advertised.as_mut().unwrap().pids = u64::MAX),
    ("Filters.base", |order| order.filters.base.clear()),
    ("Filters.base", |order| order.filters.base.push(order.filters.base[0].clone())),
    ("Filters instruction", |order| order.filters.base[0][0].k = 66),
    ("Filters instruction", |order| order.filters.workload.as_mut().unwrap().program.truncate(2)),
    ("Filters.floor", |order| order.filters.floor = Floor::Program),
    ("Order.landlock", |order| order.landlock.as_mut().unwrap().writable.push("tmp".to_owned())),
    ("Order.apparmor", |order| order.apparmor = Some("a b".to_owned())),
    ("Order.selinux", |order| order.selinux = Some("a\nb".to_owned())),
    ("Order.user", |order| order.user.uid = 65_536),
    ("Order.owner", |order| order.owner.groups.push(1 << 20)),
    ("Program.argv", |order| order.program.argv.clear()),
    ("Program.channel", |order| order.program.channel = Channel::Fd(2)),
    ("Descriptor.fd", |order| order.program.descriptors = vec![Descriptor::Attached(3)]),
    ("Program.channel", |order| order.program.channel = Channel::Fd(0)),
    ("Descriptor.fd", |order| order.program.descriptors = vec![Descriptor::Attached(FILTER_FD)]),
];

fn lent(order: &mut Order) -> &mut OneOwner {
    let Some(Owner::One(owner)) = &mut order.sources[1].owner else { panic!("not lent") };
    owner
}

fn at(order: &mut Order, place: &str) {
    let Mount::Bind(bind) = &mut order.mounts[4] else { panic!("not a bind") };
    place.clone_into(&mut bind.at);
}

#[test]
fn each_field_is_checked() {
    for (field, change) in WRONG {
        let mut order = workload();
        change(&mut order);
        assert_eq!(refusal(&order.encode()), field);
    }
    let mut order = workload();
    order.sources.extend(program().sources);
    order.mounts.push(Mount::Device(bulkhead_order::Bind { source: 4, at: "/dev/kvm".into() }));
    assert_eq!(refusal(&order.encode()), "Device.at", "for a program, never for a workload");
    for path in ["/dev/vhost-vsock", "/dev/sda"] {
        let mut order = program();
        order.sources[0].path = path.into();
        assert_eq!(refusal(&order.encode()), "Device.at", "{path} is not the device of that place");
    }
    let mut order = program();
    order.sources.push(workload().sources[1].clone());
    order.mounts.push(Mount::Bind(bulkhead_order::Bind { source: 1, at: "/data".into() }));
    lent_first(&mut order).maker = true;
    assert!(Order::decode(&order.encode()).is_ok(), "for the gofer of runsc");
    order.level = Level::Microvm;
    assert_eq!(refusal(&order.encode()), "OneOwner.maker");
}

fn lent_first(order: &mut Order) -> &mut OneOwner {
    let lent = order.sources.iter_mut().find_map(|source| source.owner.as_mut());
    let Some(Owner::One(owner)) = lent else { panic!("not lent") };
    owner
}
