//! A process's own memory.

use crate::call::{Witness, file, looked, page};
use libc::*;

pub const WITNESSES: &[Witness] = &[
    witness!("brk", call!(SYS_brk, 0)),
    witness!("mmap", call!(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0).min(0)),
    witness!("mprotect", call!(SYS_mprotect, page(), 4096, PROT_READ)),
    witness!("munmap", call!(SYS_munmap, page(), 4096)),
    witness!("mremap", call!(SYS_mremap, page(), 4096, 8192, MREMAP_MAYMOVE).min(0)),
    witness!("madvise", call!(SYS_madvise, page(), 4096, MADV_WILLNEED)),
    witness!("msync", call!(SYS_msync, page(), 4096, MS_ASYNC)),
    witness!("fsync", call!(SYS_fsync, file())),
    witness!("fdatasync", call!(SYS_fdatasync, file())),
    witness!("sync", call!(SYS_sync)),
    witness!("syncfs", call!(SYS_syncfs, file())),
    witness!("sync_file_range", looked(call!(SYS_sync_file_range, file(), 0, 1, 0))),
    witness!("mincore", call!(SYS_mincore, page(), 4096, page())),
    witness!("mlock", call!(SYS_mlock, page(), 4096)),
    witness!("mlock2", call!(SYS_mlock2, page(), 4096, 0)),
    witness!("munlock", call!(SYS_munlock, page(), 4096)),
    witness!("mlockall", looked(call!(SYS_mlockall, MCL_CURRENT | MCL_ONFAULT))),
    witness!("munlockall", call!(SYS_munlockall)),
    // Processors without protection keys say that there are none left.
    witness!("pkey_alloc", looked(call!(SYS_pkey_alloc, 0, 0))),
    witness!("pkey_free", looked(call!(SYS_pkey_free, 15))),
    witness!("pkey_mprotect", call!(SYS_pkey_mprotect, page(), 4096, PROT_READ, -1)),
    witness!("map_shadow_stack", looked(call!(453, 0, 4096, 0))),
    witness!("mseal", call!(462, page(), 4096, 0)),
    witness!("memfd_create", call!(SYS_memfd_create, c"witness".as_ptr(), 0)),
];
