//! The meaning of each syscall: which arguments are paths, and how it uses them; which values determine its purpose.

use bulkhead_calls::Sysno;

/// One stopped call.
pub struct Call {
    pub tid: u32,
    pub number: i32,
    pub arguments: [u64; 6],
}

impl Call {
    pub fn name(&self) -> Option<&'static str> {
        let number = usize::try_from(self.number).ok()?;
        Sysno::new(number).map(bulkhead_calls::name)
    }

    /// The upper half of an int argument's register may contain anything.
    pub fn int(&self, argument: usize) -> i32 {
        #[allow(clippy::cast_possible_truncation, reason = "the lower half is the argument")]
        let lower = self.arguments[argument] as u32;
        lower.cast_signed()
    }
}

/// How a file is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// Only its metadata; Landlock does not decide about that.
    Look,
    Read,
    Write,
    /// Created, in its directory.
    Create,
    /// Removed, from its directory.
    Remove,
    Execute,
}

/// A path argument: its base, its index, and its use.
pub struct PathArgument {
    /// The argument with a directory's descriptor; none: the working directory.
    pub directory: Option<usize>,
    pub path: usize,
    pub wanted: Wanted,
}

pub enum Wanted {
    Always(Use),
    /// According to the flags of `open`, in this argument.
    Flags(usize),
    /// According to the first word of the `open_how` that this argument points to.
    How(usize),
    /// To be executed: with an empty path, the file of the descriptor.
    Executed,
}

/// The path arguments of a syscall; most have none.
pub fn paths(name: &str) -> Vec<PathArgument> {
    use Use::{Create, Look, Read, Remove, Write};
    let plain = |path, wanted| vec![PathArgument { directory: None, path, wanted: Wanted::Always(wanted) }];
    let at = |directory, path, wanted| PathArgument { directory: Some(directory), path, wanted };
    let from = |directory, path, wanted| vec![at(directory, path, Wanted::Always(wanted))];
    match name {
        "open" => vec![PathArgument { directory: None, path: 0, wanted: Wanted::Flags(1) }],
        "openat" => vec![at(0, 1, Wanted::Flags(2))],
        "openat2" => vec![at(0, 1, Wanted::How(2))],
        "creat" | "mkdir" | "mknod" => plain(0, Create),
        "stat" | "lstat" | "access" | "readlink" | "statfs" | "chdir" | "getxattr" | "lgetxattr" | "listxattr" => {
            plain(0, Look)
        }
        "execve" => vec![PathArgument { directory: None, path: 0, wanted: Wanted::Always(Use::Execute) }],
        "execveat" => vec![at(0, 1, Wanted::Executed)],
        "truncate" | "chmod" | "chown" | "lchown" | "utime" | "utimes" | "setxattr" | "lsetxattr" | "removexattr" => {
            plain(0, Write)
        }
        "rmdir" | "unlink" => plain(0, Remove),
        "newfstatat" | "statx" | "faccessat" | "faccessat2" | "readlinkat" | "name_to_handle_at" => from(0, 1, Look),
        "fchmodat" | "fchmodat2" | "fchownat" | "utimensat" | "futimesat" => from(0, 1, Write),
        "mkdirat" | "mknodat" => from(0, 1, Create),
        "unlinkat" => from(0, 1, Remove),
        "symlink" => plain(1, Create),
        "symlinkat" => from(1, 2, Create),
        "inotify_add_watch" => plain(1, Read),
        "rename" => [plain(0, Remove), plain(1, Create)].into_iter().flatten().collect(),
        "renameat" | "renameat2" => [from(0, 1, Remove), from(2, 3, Create)].into_iter().flatten().collect(),
        "link" => [plain(0, Read), plain(1, Create)].into_iter().flatten().collect(),
        "linkat" => [from(0, 1, Read), from(2, 3, Create)].into_iter().flatten().collect(),
        _ => Vec::new(),
    }
}

/// The uses of `open` with these flags. A new file is a write to its directory.
pub fn uses_of_flags(flags: i32, exists: bool) -> Vec<Use> {
    if flags & libc::O_PATH != 0 {
        return vec![Use::Look];
    }
    let mut uses = match flags & libc::O_ACCMODE {
        libc::O_RDONLY => vec![Use::Read],
        libc::O_WRONLY => vec![Use::Write],
        _ => vec![Use::Read, Use::Write],
    };
    let temporary = flags & libc::O_TMPFILE == libc::O_TMPFILE;
    if (flags & libc::O_CREAT != 0 && !exists) || temporary {
        uses.push(Use::Create);
    }
    if flags & libc::O_TRUNC != 0 && !uses.contains(&Use::Write) {
        uses.push(Use::Write);
    }
    uses
}

/// Arguments whose value determines the call's purpose, and the relevant bits: worth a condition in a filter.
pub fn telling(name: &str) -> &'static [(usize, u32)] {
    /// `SOCK_CLOEXEC` and `SOCK_NONBLOCK` change nothing about a socket's abilities.
    const TYPE: u32 = !0o2_004_000;
    match name {
        "socket" | "socketpair" => &[(0, u32::MAX), (1, TYPE)],
        "ioctl" => &[(1, u32::MAX)],
        "prctl" | "arch_prctl" | "personality" => &[(0, u32::MAX)],
        // Not CLONE_PIDFD and the like: the namespaces.
        "clone" | "unshare" => &[(0, 0x7e02_0000)],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_tell_what_is_wanted() {
        assert_eq!(uses_of_flags(libc::O_RDONLY, true), [Use::Read]);
        assert_eq!(uses_of_flags(libc::O_RDWR | libc::O_CREAT, true), [Use::Read, Use::Write]);
        assert_eq!(uses_of_flags(libc::O_WRONLY | libc::O_CREAT, false), [Use::Write, Use::Create]);
        assert_eq!(uses_of_flags(libc::O_WRONLY | libc::O_TMPFILE, true), [Use::Write, Use::Create]);
        assert_eq!(uses_of_flags(libc::O_PATH, true), [Use::Look]);
    }

    #[test]
    fn every_name_with_paths_is_a_syscall_of_this_architecture_or_another() {
        for name in ["openat", "execve", "renameat2", "linkat", "symlinkat", "statx"] {
            assert!(!paths(name).is_empty(), "{name}");
            assert!(name.parse::<Sysno>().is_ok(), "{name}");
        }
        assert!(paths("read").is_empty());
    }
}
