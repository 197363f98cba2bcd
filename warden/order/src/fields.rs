//! Which fields each part has on the wire, in this order.

use crate::wire::{Reader, Refused, Wire};
use crate::{
    Access, Advertised, At, Bind, Caller, Channel, Descriptor, Dev, Device, File, Filters, Floor, Landlock, Layers,
    Limits, Mount, Offer, Open, Order, Overlay, Owner, Proc, Program, Root, RootDirectory, RootEmpty, RootLayers,
    RootSource, Symlink, Tcp, Tmpfs, User, Workload,
};

macro_rules! fields {
    ($($part:ident { $($field:ident),+ })+) => {
        $(impl Wire for $part {
            fn put(&self, to: &mut Vec<u8>) {
                $(self.$field.put(to);)+
            }

            fn take(from: &mut Reader) -> Result<Self, Refused> {
                Ok(Self { $($field: from.field(concat!(stringify!($part), ".", stringify!($field)))?),+ })
            }
        })+
    };
}

macro_rules! choices {
    ($($choice:ident { $($tag:literal => $variant:ident),+ })+) => {
        $(impl Wire for $choice {
            fn put(&self, to: &mut Vec<u8>) {
                match self {
                    $(Self::$variant(value) => {
                        let tag: u8 = $tag;
                        tag.put(to);
                        value.put(to);
                    })+
                }
            }

            fn take(from: &mut Reader) -> Result<Self, Refused> {
                match from.field::<u8>(stringify!($choice))? {
                    $($tag => from.field(stringify!($choice)).map(Self::$variant),)+
                    _ => from.refused(),
                }
            }
        })+
    };
}

fields! {
    Order {
        caller, hostname, root, mounts, limits, advertised, filters, landlock, apparmor, selinux, reserved_addresses,
        owner, user, capabilities, hands_on, program, offer
    }
    Caller { uid, gid, groups }
    User { uid, gid, groups }
    Offer { wanted, equal, processors }
    Root { source, read_only, overlay }
    RootDirectory { path, owner }
    RootLayers { layers, owner }
    RootEmpty { size_bytes }
    Overlay { size_bytes, inodes }
    Owner { idmap, optional }
    Bind { source, at, read_only, exec, owner }
    Layers { at, layers, owner, overlay, read_only, exec }
    Tmpfs { at, size_bytes, inodes, mode, uid, gid, exec }
    Proc { at, writable }
    Dev { at, shm_bytes, mqueue }
    At { at }
    File { at, content }
    Symlink { at, target }
    Device { path, at }
    Limits {
        memory_bytes, pids, milli_cpus, open_files, file_bytes, locked_bytes, address_space_bytes, processes
    }
    Advertised { memory_bytes, pids, milli_cpus }
    Landlock { abi, writable, whiteouts, access, tcp, queues, sockets }
    Access { read, list, execute }
    Tcp { bind, connect }
    Filters { floor, base, workload }
    Workload { program, log }
    Program { is_init, path, argv, env, channel, descriptors }
    Open { fd, path, write }
}

choices! {
    RootSource { 0 => Directory, 1 => Layers, 2 => Empty }
    Mount {
        0 => Bind, 1 => Layers, 2 => Tmpfs, 3 => Proc, 4 => Dev, 5 => Sys, 6 => Mask, 7 => File, 8 => Symlink, 9 => Device
    }
    Channel { 0 => Fd, 1 => Stdio }
    Descriptor { 0 => Attached, 1 => Open }
}

/// Three flags in a byte: for a program that makes a wall, whiteouts, chroot.
impl Wire for Floor {
    fn put(&self, to: &mut Vec<u8>) {
        let bits: u8 = match self {
            Self::Program => 1,
            Self::Workload { whiteouts, chroot } => u8::from(*whiteouts) << 1 | u8::from(*chroot) << 2,
        };
        bits.put(to);
    }

    fn take(from: &mut Reader) -> Result<Self, Refused> {
        match u8::take(from)? {
            1 => Ok(Self::Program),
            bits @ (0 | 2 | 4 | 6) => Ok(Self::Workload { whiteouts: bits & 2 != 0, chroot: bits & 4 != 0 }),
            _ => from.refused(),
        }
    }
}

impl Wire for libc::sock_filter {
    fn put(&self, to: &mut Vec<u8>) {
        self.code.put(to);
        to.extend_from_slice(&[self.jt, self.jf]);
        self.k.put(to);
    }

    fn take(from: &mut Reader) -> Result<Self, Refused> {
        Ok(Self { code: Wire::take(from)?, jt: Wire::take(from)?, jf: Wire::take(from)?, k: Wire::take(from)? })
    }
}

impl Wire for () {
    fn put(&self, _: &mut Vec<u8>) {}

    fn take(_: &mut Reader) -> Result<Self, Refused> {
        Ok(())
    }
}
