//! The filter in the kernel, probed with arguments that have no effect if it lets them through.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use bulkhead_confine::process;
use bulkhead_confine::seccomp;
use bulkhead_order::Filters;
use libc::{c_long, *};
use support::{End, filters, in_child};

/// Makes one syscall under the filter: its errno, or 0.
fn attempt(filters: &Filters, number: c_long, arguments: [u64; 6]) -> End {
    in_child(|| {
        if process::no_new_privs().and_then(|()| seccomp::install(filters)).is_err() {
            return 255;
        }
        let [first, second, third, fourth, fifth, sixth] = arguments;
        // SAFETY: callers pass arguments with which the call fails, or changes nothing but this child.
        let result = unsafe { syscall(number, first, second, third, fourth, fifth, sixth) };
        // SAFETY: errno of this thread.
        if result < 0 { unsafe { *__errno_location() } } else { 0 }
    })
}

/// A bad address or descriptor: an allowed call fails by itself.
const BAD: u64 = u64::MAX;

fn check(filters: &Filters, cases: &[(&str, c_long, &[u64], i32)]) {
    for &(what, number, given, errno) in cases {
        let mut arguments = [0; 6];
        arguments[..given.len()].copy_from_slice(given);
        assert_eq!(attempt(filters, number, arguments), End::Exit(errno), "{what}");
    }
}

#[test]
fn default_profile() {
    const PAGE: u64 = 1 << 32;
    check(
        &filters(false, false, &[]),
        &[
            ("what is allowed reaches the kernel", SYS_read, &[BAD], EBADF),
            ("another allowed one", SYS_getppid, &[], 0),
            ("TIOCSTI", SYS_ioctl, &[BAD, 0x5412], EPERM),
            ("TIOCSTI with bits that the kernel ignores", SYS_ioctl, &[BAD, 0x5412 | PAGE], EPERM),
            ("TIOCLINUX with more of them", SYS_ioctl, &[BAD, 0x541c | 0xffff_ffff << 32], EPERM),
            ("TIOCCONS", SYS_ioctl, &[BAD, 0x541d], EPERM),
            ("TIOCSETD", SYS_ioctl, &[BAD, 0x5423], EPERM),
            ("TIOCGWINSZ", SYS_ioctl, &[BAD, 0x5413], EBADF),
            ("clone3", SYS_clone3, &[BAD, 0], ENOSYS),
            ("a number from the future", 5000, &[], ENOSYS),
            ("the number after the last known one", 600, &[], ENOSYS),
            ("clone with a user namespace", SYS_clone, &[0x1000_0000], EPERM),
            ("clone with a mount namespace", SYS_clone, &[0x2_0011], EPERM),
            ("clone with bits that the kernel ignores", SYS_clone, &[0x4000_0000 | PAGE], EPERM),
            ("clone without: the kernel refuses these flags", SYS_clone, &[0x1_0000], EINVAL),
            ("unshare nothing", SYS_unshare, &[0], EPERM),
            ("setns", SYS_setns, &[BAD, 0], EPERM),
            ("personality asked", SYS_personality, &[0xffff_ffff], 0),
            ("personality that opens page zero", SYS_personality, &[0x10_0000], EPERM),
            ("personality that makes data executable", SYS_personality, &[0x40_0000], EPERM),
            ("ptrace of oneself", SYS_ptrace, &[BAD], EPERM),
            ("process_vm_readv", SYS_process_vm_readv, &[BAD], EPERM),
            ("process_vm_writev", SYS_process_vm_writev, &[BAD], EPERM),
            ("pidfd_getfd", SYS_pidfd_getfd, &[BAD], EPERM),
            ("kcmp", SYS_kcmp, &[BAD], EPERM),
            ("keyctl", SYS_keyctl, &[BAD], EPERM),
            ("add_key", SYS_add_key, &[BAD], EPERM),
            ("request_key", SYS_request_key, &[BAD], EPERM),
            ("bpf", SYS_bpf, &[BAD], EPERM),
            ("io_uring_setup", SYS_io_uring_setup, &[0, BAD], EPERM),
            ("io_setup", SYS_io_setup, &[0, BAD], EPERM),
            ("userfaultfd", SYS_userfaultfd, &[BAD], EPERM),
            ("perf_event_open", SYS_perf_event_open, &[BAD], EPERM),
            ("mount", SYS_mount, &[BAD, BAD, BAD], EPERM),
            ("umount2", SYS_umount2, &[BAD], EPERM),
            ("fsopen", SYS_fsopen, &[BAD], EPERM),
            ("open_tree", SYS_open_tree, &[BAD, BAD], EPERM),
            ("move_mount", SYS_move_mount, &[BAD, BAD], EPERM),
            ("mount_setattr", SYS_mount_setattr, &[BAD, BAD], EPERM),
            ("pivot_root", SYS_pivot_root, &[BAD, BAD], EPERM),
            ("chroot", SYS_chroot, &[BAD], EPERM),
            ("open_by_handle_at", SYS_open_by_handle_at, &[BAD, BAD], EPERM),
            ("name_to_handle_at", SYS_name_to_handle_at, &[BAD, BAD], EPERM),
            ("init_module", SYS_init_module, &[BAD], EPERM),
            ("finit_module", SYS_finit_module, &[BAD], EPERM),
            ("kexec_load", SYS_kexec_load, &[BAD], EPERM),
            ("reboot", SYS_reboot, &[0], EPERM),
            ("syslog", SYS_syslog, &[10], EPERM),
            ("fanotify_init", SYS_fanotify_init, &[BAD], EPERM),
            ("vmsplice", SYS_vmsplice, &[BAD], EPERM),
            ("memfd_secret", 447, &[BAD], EPERM),
            ("settimeofday", SYS_settimeofday, &[BAD], EPERM),
            ("prctl PR_SET_MM", SYS_prctl, &[35, BAD], EPERM),
            ("prctl PR_GET_DUMPABLE", SYS_prctl, &[3], 0),
            ("limits of oneself", SYS_prlimit64, &[0, 7], 0),
            ("limits of init", SYS_prlimit64, &[1, 7], EPERM),
            ("a device node", SYS_mknodat, &[BAD, BAD, 0o020_644], EPERM),
            ("a block device node", SYS_mknodat, &[BAD, BAD, 0o060_644], EPERM),
            ("a fifo", SYS_mknodat, &[BAD, BAD, 0o010_644], EFAULT),
            ("a higher disk class", SYS_ioprio_set, &[1, 0, 1 << 13], EPERM),
            ("more of the disk than others have", SYS_ioprio_set, &[1, 0, 2 << 13 | 3], EPERM),
            ("less of the disk than others have", SYS_ioprio_set, &[1, 0, 2 << 13 | 7], 0),
            ("chmod setuid, where no host directory is writable", SYS_fchmodat, &[BAD, BAD, 0o4755], EFAULT),
            ("openat2", SYS_openat2, &[BAD, BAD, BAD, 0], EINVAL),
        ],
    );
}

#[test]
fn sockets() {
    const CASES: &[(&str, c_long, &[u64], i32)] = &[
        ("local", SYS_socket, &[1, 1], 0),
        ("local, close-on-exec, non-blocking", SYS_socket, &[1, 0o2_004_002], 0),
        ("a pair", SYS_socketpair, &[1, 1, 0, BAD], EFAULT),
        ("local raw", SYS_socket, &[1, 3], ESOCKTNOSUPPORT),
        ("local with a protocol", SYS_socket, &[1, 1, 6], EPROTONOSUPPORT),
        ("local, of no type", SYS_socket, &[1, 0], ESOCKTNOSUPPORT),
        ("packet", SYS_socket, &[17, 3], EAFNOSUPPORT),
        ("kernel crypto", SYS_socket, &[38, 5], EAFNOSUPPORT),
        ("vsock", SYS_socket, &[40, 1], EAFNOSUPPORT),
        ("bluetooth", SYS_socket, &[31, 1], EAFNOSUPPORT),
        ("a family with bits that the kernel ignores", SYS_socket, &[0x26 | 1 << 32, 5], EAFNOSUPPORT),
        ("a pair of another family", SYS_socketpair, &[30, 1, 0, BAD], EAFNOSUPPORT),
    ];
    const IP: &[(&str, c_long, &[u64], i32)] = &[
        ("TCP", SYS_socket, &[2, 1, 6], 0),
        ("UDP", SYS_socket, &[2, 2], 0),
        ("raw", SYS_socket, &[2, 3, 1], EPERM),
        ("raw, of no protocol", SYS_socket, &[2, 3, 0], EPROTONOSUPPORT),
        ("raw with flags", SYS_socket, &[2, 0o2_004_003, 255], EPERM),
        ("the old packet type", SYS_socket, &[2, 10, 3], EAFNOSUPPORT),
        ("SCTP", SYS_socket, &[2, 1, 132], EPROTONOSUPPORT),
        ("MPTCP", SYS_socket, &[2, 1, 262], EPROTONOSUPPORT),
        ("UDP as TCP", SYS_socket, &[2, 1, 17], EPROTONOSUPPORT),
        ("ICMP as TCP", SYS_socket, &[2, 1, 1], EPROTONOSUPPORT),
        ("a pair of TCP, which the kernel itself refuses", SYS_socketpair, &[2, 1, 6, BAD], EFAULT),
        ("a pair of SCTP", SYS_socketpair, &[2, 1, 132, BAD], EPROTONOSUPPORT),
        ("seqpacket", SYS_socket, &[2, 5, 0], ESOCKTNOSUPPORT),
        ("seqpacket of IPv6", SYS_socket, &[10, 5, 0], ESOCKTNOSUPPORT),
        ("rdm of routes", SYS_socket, &[16, 4, 0], ESOCKTNOSUPPORT),
        ("DCCP", SYS_socket, &[2, 6, 33], ESOCKTNOSUPPORT),
        ("routes", SYS_socket, &[16, 3, 0], 0),
        ("netfilter", SYS_socket, &[16, 3, 12], EPROTONOSUPPORT),
        ("kernel events", SYS_socket, &[16, 3, 15], EPROTONOSUPPORT),
    ];
    // Numbers that mean nothing, whatever the family.
    const INVALID: &[(&str, c_long, &[u64], i32)] = &[
        ("an unknown flag", SYS_socket, &[2, 75, 0], EINVAL),
        ("an unknown flag of a pair", SYS_socketpair, &[2, 75, 0, BAD], EINVAL),
        ("a type beyond all", SYS_socket, &[1, 11, 0], EINVAL),
        ("a negative type", SYS_socket, &[2, u64::MAX, 0], EINVAL),
        ("a negative protocol", SYS_socket, &[2, 1, u64::MAX], EINVAL),
        ("a protocol beyond all", SYS_socket, &[10, 2, 263], EINVAL),
        ("a protocol far beyond all", SYS_socket, &[2, 3, 300], EINVAL),
        ("the last of 9 bits", SYS_socket, &[2, 1, 511], EINVAL),
        ("more than 9 bits", SYS_socket, &[2, 1, 512], EINVAL),
    ];
    let default = filters(false, false, &[]);
    check(&default, CASES);
    check(&default, IP);
    check(&default, INVALID);
    let local = filters(false, true, &[]);
    check(&local, CASES);
    for &(what, number, arguments, _) in IP {
        check(&local, &[(what, number, arguments, EAFNOSUPPORT)]);
    }
}

#[test]
fn deny_setid() {
    const CREATE: u64 = 0o100;
    const TEMPORARY: u64 = 0o20_200_000;
    let filters = filters(true, false, &["CHOWN", "SYS_CHROOT"]);
    check(
        &filters,
        &[
            ("chmod u+s", SYS_fchmodat, &[BAD, BAD, 0o4755], EPERM),
            ("chmod g+s", SYS_fchmodat, &[BAD, BAD, 0o2755], EPERM),
            ("chmod g+s with bits that the kernel ignores", SYS_fchmodat, &[BAD, BAD, 0o2755 | 1 << 32], EPERM),
            ("chmod +t", SYS_fchmodat, &[BAD, BAD, 0o1777], EFAULT),
            ("fchmod u+s", SYS_fchmod, &[BAD, 0o4755], EPERM),
            ("fchmod", SYS_fchmod, &[BAD, 0o755], EBADF),
            ("fchmodat2 u+s", 452, &[BAD, BAD, 0o4755], EPERM),
            ("made setuid", SYS_openat, &[BAD, BAD, CREATE | 1, 0o4755], EPERM),
            ("made without a name, setgid", SYS_openat, &[BAD, BAD, TEMPORARY | 1, 0o2755], EPERM),
            ("made", SYS_openat, &[BAD, BAD, CREATE | 1, 0o755], EFAULT),
            ("opened: the mode is not looked at", SYS_openat, &[BAD, BAD, 0, 0o4755], EFAULT),
            ("a fifo setuid", SYS_mknodat, &[BAD, BAD, 0o014_755], EPERM),
            ("a device node", SYS_mknodat, &[BAD, BAD, 0o020_644], EPERM),
            ("a fifo", SYS_mknodat, &[BAD, BAD, 0o010_644], EFAULT),
            ("openat2", SYS_openat2, &[BAD, BAD, BAD, 0], ENOSYS),
            ("chroot with its capability", SYS_chroot, &[BAD], EFAULT),
        ],
    );
    #[cfg(target_arch = "x86_64")]
    check(
        &filters,
        &[
            ("chmod u+s", SYS_chmod, &[BAD, 0o4755], EPERM),
            ("creat setuid", SYS_creat, &[BAD, 0o4755], EPERM),
            ("open setuid", SYS_open, &[BAD, CREATE, 0o4755], EPERM),
            ("open", SYS_open, &[BAD, 0, 0o4755], EFAULT),
            ("mknod setuid", SYS_mknod, &[BAD, 0o4755], EPERM),
        ],
    );
}

#[cfg(target_arch = "x86_64")]
#[test]
fn other_abis_kill() {
    let filters = filters(false, false, &[]);
    assert_eq!(attempt(&filters, 0x4000_0000 | SYS_getpid, [0; 6]), End::Signal(SIGSYS), "x32");
    assert_eq!(attempt(&filters, -1, [0; 6]), End::Signal(SIGSYS), "the largest number");
    let end = in_child(|| {
        if process::no_new_privs().and_then(|()| seccomp::install(&filters)).is_err() {
            return 255;
        }
        let number: u64;
        // SAFETY: getpid of the 32-bit table; it takes nothing and changes nothing.
        unsafe { std::arch::asm!("int 0x80", inlateout("rax") 20_u64 => number, options(nostack)) };
        i32::from(number == 0)
    });
    assert_eq!(end, End::Signal(SIGSYS), "int 0x80");
}

#[test]
fn filter_stays_over_exec_and_counts() {
    let filters = filters(false, false, &[]);
    let count = filters.count();
    let mut command = support::confined("cat", move || {
        process::no_new_privs()?;
        seccomp::install(&filters)
    });
    let status = support::output(command.arg("/proc/self/status"));
    assert!(status.contains("NoNewPrivs:\t1\n") && status.contains("Seccomp:\t2\n"));
    assert!(status.contains(&format!("Seccomp_filters:\t{count}\n")));
}
