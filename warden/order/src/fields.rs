//! The fields of each part on the wire, in this order.

use crate::wire::{Reader, Refused, Wire};
use crate::{
    Access, Advertised, Assignment, At, Bind, Caller, Channel, Controller, Descriptor, Dev, Filters, Floor, Landlock,
    Layers, Level, Limits, Mount, Namespace, Offer, OneOwner, Open, Order, Overlay, Owner, Piece, Proc, Program, Root,
    RootEmpty, RootSource, Source, StoreOwner, Symlink, Tcp, Terms, Text, Tmpfs, User, Workload,
};

fields! {
    Order {
        id, level, namespaces, cgroup_version, controllers, sources, hostname, root, mounts, limits, advertised, filters,
        landlock, apparmor, selinux, reserved_addresses, owner, user, capabilities, hands_on, program
    }
    Terms { caller, offer }
    Assignment { terms, order }
    Source { path, read_only, exec, owner }
    OneOwner { host_uid, host_gid, uid, gid, maker, optional }
    StoreOwner { range }
    Text { at, content }
    Caller { uid, gid, groups }
    User { uid, gid, groups }
    Offer { wanted, equal, processors }
    Root { source, read_only, overlay }
    RootEmpty { size_bytes }
    Overlay { size_bytes, inodes }
    Bind { source, at }
    Layers { at, layers, overlay, read_only, exec }
    Tmpfs { at, size_bytes, inodes, mode, uid, gid, exec }
    Proc { at, writable }
    Dev { at, shm_bytes, mqueue }
    At { at }
    Symlink { at, target }
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
    Owner { 0 => One, 1 => Store }
    Piece { 0 => Text, 1 => Id }
    RootSource { 0 => Directory, 1 => Layers, 2 => Empty }
    Mount {
        0 => Bind, 1 => Layers, 2 => Tmpfs, 3 => Proc, 4 => Dev, 5 => Sys, 6 => Mask, 7 => Text, 8 => Symlink, 9 => Device
    }
    Channel { 0 => Fd, 1 => Stdio }
    Descriptor { 0 => Attached, 1 => Open }
}

tags! {
    Level { 0 => Chroot, 1 => Container, 2 => Gvisor, 3 => Microvm }
    Namespace { 0 => Mount, 1 => Pid, 2 => Ipc, 3 => Net, 4 => User, 5 => Uts, 6 => Cgroup }
    Controller { 0 => Memory, 1 => Pids, 2 => Cpu }
}

/// Three flags in a byte: for a program that builds a sandbox, whiteouts, chroot.
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
