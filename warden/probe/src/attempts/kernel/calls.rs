//! Calls by name, each with arguments that cause an error if the kernel checks them.

use crate::attempts::older::{IOPERM, IOPL, KEXEC_FILE_LOAD, LOOKUP_DCOOKIE, MODIFY_LDT};
use crate::sys::{plain, pointer};

pub struct Call {
    pub name: &'static str,
    pub number: libc::c_long,
    pub arguments: fn() -> Vec<usize>,
    /// Errors that only the call itself returns for these arguments: seeing one means that nothing blocked it.
    pub reached: &'static [i32],
}

/// Not a mapped address, and not null, which some calls take as "no argument".
const WILD: usize = 0xdead_0000_0000;
const BAD_FD: fn() -> usize = || plain(-1);

static ZERO_TIME: [i64; 2] = [0, 0];

const fn entry(
    name: &'static str,
    number: libc::c_long,
    arguments: fn() -> Vec<usize>,
    reached: &'static [i32],
) -> Call {
    Call { name, number, arguments, reached }
}

use libc::{EBADF, EFAULT, EINVAL, ENOENT, ENOTTY, ESRCH};

pub const CALLS: &[Call] = &[
    // Code into the kernel.
    entry("bpf", libc::SYS_bpf, || vec![0, WILD, 8], &[EFAULT, EINVAL]),
    entry("init_module", libc::SYS_init_module, || vec![WILD, 8, WILD], &[EFAULT, EINVAL]),
    entry("finit_module", libc::SYS_finit_module, || vec![BAD_FD(), WILD, 0], &[EBADF, EFAULT, EINVAL]),
    entry("delete_module", libc::SYS_delete_module, || vec![WILD, 0], &[EFAULT, ENOENT]),
    entry("kexec_load", libc::SYS_kexec_load, || vec![0, 17, WILD, usize::MAX], &[EFAULT, EINVAL]),
    entry("kexec_file_load", KEXEC_FILE_LOAD, || vec![BAD_FD(), BAD_FD(), 0, 0, usize::MAX], &[EBADF, EINVAL]),
    // Interfaces with a long history of holes.
    entry("io_uring_setup", libc::SYS_io_uring_setup, || vec![0, WILD], &[EFAULT, EINVAL]),
    entry("io_uring_enter", libc::SYS_io_uring_enter, || vec![BAD_FD(), 0, 0, 0], &[EBADF]),
    entry("io_uring_register", libc::SYS_io_uring_register, || vec![BAD_FD(), 0, 0, 0], &[EBADF, EINVAL]),
    entry("vmsplice", libc::SYS_vmsplice, || vec![BAD_FD(), WILD, 1, 0], &[EBADF]),
    entry("io_setup", libc::SYS_io_setup, || vec![1, WILD], &[EFAULT]),
    entry("userfaultfd", libc::SYS_userfaultfd, || vec![usize::MAX], &[EINVAL]),
    entry("perf_event_open", libc::SYS_perf_event_open, || vec![WILD, 0, 0, BAD_FD(), 0], &[EFAULT, EINVAL]),
    entry("keyctl", libc::SYS_keyctl, || vec![0, plain(-3), 0], &[ENOENT]),
    entry("add_key", libc::SYS_add_key, || vec![WILD, WILD, 0, 0, plain(-3)], &[EFAULT]),
    entry("request_key", libc::SYS_request_key, || vec![WILD, WILD, 0, 0], &[EFAULT]),
    entry("modify_ldt", MODIFY_LDT, || vec![0, WILD, 0], &[EFAULT]),
    entry("lookup_dcookie", LOOKUP_DCOOKIE, || vec![0, WILD, 0], &[EINVAL]),
    entry("fanotify_init", libc::SYS_fanotify_init, || vec![usize::MAX, 0], &[EINVAL]),
    entry("memfd_secret", libc::SYS_memfd_secret, || vec![usize::MAX], &[EINVAL]),
    entry("process_madvise", libc::SYS_process_madvise, || vec![BAD_FD(), WILD, 1, 0, 0], &[EBADF, EFAULT, EINVAL]),
    entry("process_mrelease", libc::SYS_process_mrelease, || vec![BAD_FD(), 0], &[EBADF]),
    entry("move_pages", libc::SYS_move_pages, || vec![1, 1, WILD, WILD, WILD, 0], &[EFAULT]),
    entry("migrate_pages", libc::SYS_migrate_pages, || vec![1, 0, 0, 0], &[EFAULT, EINVAL]),
    entry("open_by_handle_at", libc::SYS_open_by_handle_at, || vec![BAD_FD(), WILD, 0], &[EBADF, EFAULT, EINVAL]),
    entry("name_to_handle_at", libc::SYS_name_to_handle_at, || vec![BAD_FD(), WILD, WILD, WILD, 0], &[EBADF, EFAULT]),
    entry("kcmp", libc::SYS_kcmp, || vec![0, 0, 99, 0, 0], &[EINVAL, ESRCH]),
    entry("pidfd_getfd", libc::SYS_pidfd_getfd, || vec![BAD_FD(), 0, 0], &[EBADF]),
    entry("ptrace", libc::SYS_ptrace, || vec![0x9999, 0, 0, 0], &[ESRCH, libc::EIO]),
    entry("process_vm_readv", libc::SYS_process_vm_readv, || vec![0, WILD, 1, WILD, 1, 0], &[EFAULT, ESRCH]),
    entry("process_vm_writev", libc::SYS_process_vm_writev, || vec![0, WILD, 1, WILD, 1, 0], &[EFAULT, ESRCH]),
    // The machine.
    entry("reboot", libc::SYS_reboot, || vec![0, 0, 0, 0], &[EINVAL]),
    entry("settimeofday", libc::SYS_settimeofday, || vec![WILD, 0], &[EFAULT]),
    entry("clock_settime", libc::SYS_clock_settime, || vec![0, WILD], &[EFAULT]),
    entry("clock_adjtime", libc::SYS_clock_adjtime, || vec![usize::MAX, WILD], &[EFAULT, EINVAL]),
    entry("adjtimex", libc::SYS_adjtimex, || vec![WILD], &[EFAULT]),
    entry("sethostname", libc::SYS_sethostname, || vec![WILD, 1], &[EFAULT]),
    entry("setdomainname", libc::SYS_setdomainname, || vec![WILD, 1], &[EFAULT]),
    entry("swapon", libc::SYS_swapon, || vec![WILD, 0], &[EFAULT]),
    entry("swapoff", libc::SYS_swapoff, || vec![WILD], &[EFAULT]),
    entry("acct", libc::SYS_acct, || vec![WILD], &[EFAULT]),
    entry("quotactl", libc::SYS_quotactl, || vec![usize::MAX, WILD, 0, 0], &[EFAULT, EINVAL]),
    entry("syslog", libc::SYS_syslog, || vec![10, 0, 0], &[]),
    entry("iopl", IOPL, || vec![3], &[]),
    entry("ioperm", IOPERM, || vec![0x80, 1, 1], &[]),
    entry("vhangup", libc::SYS_vhangup, Vec::new, &[]),
    entry("chroot", libc::SYS_chroot, || vec![WILD], &[EFAULT]),
    entry("pivot_root", libc::SYS_pivot_root, || vec![WILD, WILD], &[EFAULT]),
    entry("mount", libc::SYS_mount, || vec![WILD, WILD, WILD, 0, WILD], &[EFAULT]),
    entry("umount2", libc::SYS_umount2, || vec![WILD, 0], &[EFAULT]),
    entry("setns", libc::SYS_setns, || vec![BAD_FD(), 0], &[EBADF]),
    entry("unshare", libc::SYS_unshare, || vec![0x1000_0000], &[]),
    entry("clone3", libc::SYS_clone3, || vec![WILD, 88], &[EFAULT]),
    // Control: a call that must succeed, so that "refused" means something.
    entry("control", libc::SYS_clock_nanosleep, || vec![0, 0, pointer(&ZERO_TIME), 0], &[ENOTTY]),
];
