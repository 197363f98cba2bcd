//! What arrives as an order: whole, in order, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use bulkhead_order::{
    Channel, Descriptor, FILTER_FD, Floor, Given, MAX_BYTES, Mount, Order, Overlay, Owner, RootSource, Symlink,
};
use support::{GIVEN, directory, program, workload};

fn refusal(bytes: &[u8], given: Given) -> String {
    let error = Order::decode(bytes, given).expect_err("refused");
    assert_eq!(error.operation, "decode order");
    error.detail.unwrap()
}

#[test]
fn what_was_encoded_is_decoded() {
    for order in [workload(), program(), directory()] {
        let bytes = order.encode();
        let decoded = Order::decode(&bytes, GIVEN).unwrap();
        assert_eq!((decoded.encode(), decoded.mounts), (bytes, order.mounts));
    }
}

#[test]
fn nothing_is_missing_and_nothing_follows() {
    for order in [workload(), program()] {
        let bytes = order.encode();
        for cut in 0..bytes.len() {
            refusal(&bytes[..cut], GIVEN);
        }
        assert_eq!(refusal(&[bytes, vec![0]].concat(), GIVEN), "trailing bytes");
    }
    assert_eq!(refusal(&vec![0; MAX_BYTES + 1], GIVEN), "bytes");
}

/// Each length and tag in turn; nothing may panic, or take memory for what is not there.
#[test]
fn no_byte_can_be_any_other_and_mean_the_same() {
    let bytes = workload().encode();
    for at in 0..bytes.len() {
        for value in [0, 1, 2, 127, 255] {
            let mut changed = bytes.clone();
            changed[at] = value;
            if let Ok(order) = Order::decode(&changed, GIVEN) {
                assert_eq!(order.encode(), changed, "{at}");
            }
        }
    }
}

#[test]
fn the_descriptors_are_those_that_it_names() {
    let bytes = workload().encode();
    assert_eq!(refusal(&bytes, Given { idmaps: 1, ..GIVEN }), "Owner.idmap");
    for attached in [0, 2, 5] {
        assert_eq!(refusal(&bytes, Given { attached, ..GIVEN }), "Program.descriptors");
    }
}

type Change = fn(&mut Order);

const WRONG: [(&str, Change); 35] = [
    ("Order.caller", |order| order.caller.uid = u32::MAX),
    ("Order.caller", |order| order.caller.groups.push(u32::MAX)),
    ("Order.hostname", |order| order.hostname = Some("a/b".to_owned())),
    ("layers", |order| order.root.source = layers(&["/../etc"])),
    ("layers", |order| order.root.source = layers(&[])),
    ("Overlay", |order| order.root.overlay = Some(Overlay { size_bytes: 0, inodes: 1 })),
    ("Overlay", |order| order.root.overlay = Some(Overlay { size_bytes: 1, inodes: u64::MAX })),
    ("Mount.at", |order| at(order, "data")),
    ("Mount.at", |order| at(order, "/a/../b")),
    ("Mount.at", |order| at(order, "/proc/1")),
    ("Mount.at", |order| at(order, "/a\0b")),
    ("Mount.at", |order| at(order, &format!("/{}", "a".repeat(256)))),
    ("Bind.source", |order| bind(order, "etc")),
    ("Bind.source", |order| bind(order, "/a//b")),
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
    ("Order.offer", |order| order.offer.wanted = 4),
];

fn layers(layers: &[&str]) -> RootSource {
    let layers = layers.iter().map(|layer| (*layer).to_owned()).collect();
    RootSource::Layers(bulkhead_order::RootLayers { layers, owner: None })
}

fn at(order: &mut Order, place: &str) {
    let Mount::Bind(bind) = &mut order.mounts[4] else { panic!("not a bind") };
    place.clone_into(&mut bind.at);
}

fn bind(order: &mut Order, source: &str) {
    let Mount::Bind(bind) = &mut order.mounts[4] else { panic!("not a bind") };
    source.clone_into(&mut bind.source);
}

#[test]
fn each_field_is_checked() {
    for (field, change) in WRONG {
        let mut order = workload();
        change(&mut order);
        assert_eq!(refusal(&order.encode(), GIVEN), field);
    }
    let mut order = workload();
    order.mounts.push(Mount::Device(bulkhead_order::Device { path: "/dev/kvm".into(), at: "/dev/kvm".into() }));
    assert_eq!(refusal(&order.encode(), GIVEN), "Device.path", "for a program, never for a workload");
    let mut order = directory();
    order.root.source = RootSource::Directory(bulkhead_order::RootDirectory {
        path: "/srv".into(),
        owner: Some(Owner { idmap: 2, optional: false }),
    });
    assert_eq!(refusal(&order.encode(), GIVEN), "Owner.idmap");
}
