//! Changing the mount tree, by the old calls and by the new ones.

use super::Attempt;
use crate::report::Tried;
use crate::sys::{CWD, address, call, done, flags, plain, text};
use std::ffi::{CStr, CString};

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        usage: "mount-type TYPE AT",
        about: "mount a new file system: tmpfs, proc, sysfs, cgroup2, overlay",
        run: typed,
    },
    Attempt { usage: "mount-bind FROM AT", about: "bind one directory over another", run: bind },
    Attempt { usage: "remount-writable AT", about: "take away the read-only flag of a mount", run: remount },
    Attempt { usage: "unmount AT", about: "take a mask or a mount away, to see what lies below", run: unmount },
    Attempt { usage: "make-shared AT", about: "change propagation, so that mounts travel to the host", run: shared },
    Attempt { usage: "pivot-root AT", about: "exchange the root", run: pivot },
    Attempt { usage: "open-tree AT", about: "open_tree(CLONE): a copy of the mount tree", run: open_tree },
    Attempt { usage: "fsopen TYPE", about: "fsopen: configure a new file system", run: fsopen },
    Attempt { usage: "fspick AT", about: "fspick: reconfigure a mounted file system", run: fspick },
    Attempt { usage: "move-mount FROM AT", about: "move_mount between two paths", run: move_mount },
    Attempt { usage: "mount-setattr AT", about: "mount_setattr clearing read-only", run: setattr },
];

fn mount(source: &CStr, at: &CString, kind: &CStr, how: libc::c_ulong) -> Result<usize, i32> {
    let how = usize::try_from(how).unwrap_or(0);
    call(libc::SYS_mount, &[source.as_ptr().addr(), address(at), kind.as_ptr().addr(), how, 0])
}

fn typed(arguments: &[String]) -> Tried {
    let (kind, at) = (text(arguments, 0)?, text(arguments, 1)?);
    done(mount(&kind, &at, &kind, 0), "mounted")
}

fn bind(arguments: &[String]) -> Tried {
    let (from, at) = (text(arguments, 0)?, text(arguments, 1)?);
    done(mount(&from, &at, c"none", libc::MS_BIND | libc::MS_REC), "bound")
}

fn remount(arguments: &[String]) -> Tried {
    let at = text(arguments, 0)?;
    done(mount(c"none", &at, c"none", libc::MS_REMOUNT | libc::MS_BIND), "writable now")
}

fn unmount(arguments: &[String]) -> Tried {
    done(call(libc::SYS_umount2, &[address(&text(arguments, 0)?), flags(libc::MNT_DETACH)]), "taken away")
}

fn shared(arguments: &[String]) -> Tried {
    let at = text(arguments, 0)?;
    done(mount(c"none", &at, c"none", libc::MS_SHARED | libc::MS_REC), "shared now")
}

fn pivot(arguments: &[String]) -> Tried {
    let at = text(arguments, 0)?;
    done(call(libc::SYS_pivot_root, &[address(&at), address(&at)]), "exchanged")
}

fn open_tree(arguments: &[String]) -> Tried {
    const CLONE: usize = 1;
    done(call(libc::SYS_open_tree, &[CWD, address(&text(arguments, 0)?), CLONE]), "copied")
}

fn fsopen(arguments: &[String]) -> Tried {
    done(call(libc::SYS_fsopen, &[address(&text(arguments, 0)?), 0]), "opened")
}

fn fspick(arguments: &[String]) -> Tried {
    done(call(libc::SYS_fspick, &[CWD, address(&text(arguments, 0)?), 0]), "picked")
}

fn move_mount(arguments: &[String]) -> Tried {
    let (from, at) = (text(arguments, 0)?, text(arguments, 1)?);
    done(call(libc::SYS_move_mount, &[CWD, address(&from), CWD, address(&at), 0]), "moved")
}

fn setattr(arguments: &[String]) -> Tried {
    // struct mount_attr { attr_set, attr_clr, propagation, userns_fd }; MOUNT_ATTR_RDONLY is 1.
    let attributes: [u64; 4] = [0, 1, 0, 0];
    let at = text(arguments, 0)?;
    done(
        call(libc::SYS_mount_setattr, &[plain(libc::AT_FDCWD), address(&at), 0, (&raw const attributes).addr(), 32]),
        "writable now",
    )
}
