//! The directory that is unpacked into, and the only ways in which it is changed.
//!
//! Every step is one component below a descriptor of a directory, and opens it with `O_NOFOLLOW`: what the archive made
//! is never followed, wherever it points. (`openat2` with `RESOLVE_BENEATH` would do the same in one call, but the
//! sandbox this runs in has no `openat2`: its seccomp filter could not see the mode bits behind the pointer.)

use crate::failure::Failure;
use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Directories that no entry describes.
const IMPLIED_MODE: Mode = Mode::from_raw_mode(0o755);

/// An unpacked tree.
pub struct Tree {
    root: OwnedFd,
    /// The directory of the last entry: archives are written directory by directory. It cannot go stale: what is
    /// removed is always below the directory that was walked to last.
    last_parent: Option<(Vec<Vec<u8>>, OwnedFd)>,
}

impl Tree {
    /// # Errors
    ///
    /// The destination is not a directory that can be opened.
    pub fn open(dest: &OsStr) -> Result<Self, Failure> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = fs::open(dest, flags, Mode::empty())
            .map_err(|errno| Failure::system("open destination", errno).at(dest.as_bytes()))?;
        Ok(Self { root, last_parent: None })
    }

    /// The directory with these components, if it is there.
    pub fn find(&mut self, components: &[Vec<u8>]) -> Result<Option<BorrowedFd<'_>>, Failure> {
        self.walk(components, false)
    }

    /// The directory with these components; what is missing of it is made.
    pub fn make(&mut self, components: &[Vec<u8>]) -> Result<BorrowedFd<'_>, Failure> {
        self.walk(components, true)?.ok_or_else(|| Failure::system("make parent", Errno::NOENT))
    }

    fn walk(&mut self, components: &[Vec<u8>], make: bool) -> Result<Option<BorrowedFd<'_>>, Failure> {
        if self.last_parent.as_ref().is_none_or(|(known, _)| known != components) {
            self.last_parent = None;
            let mut directory =
                self.root.try_clone().map_err(|_| Failure::system("duplicate descriptor", Errno::MFILE))?;
            for name in components {
                let name = OsStr::from_bytes(name);
                if make {
                    match fs::mkdirat(&directory, name, IMPLIED_MODE) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(errno) => return Err(Failure::system("mkdir", errno)),
                    }
                }
                directory = match open_directory(&directory, name) {
                    Ok(next) => next,
                    Err(Errno::NOENT) if !make => return Ok(None),
                    Err(Errno::NOTDIR | Errno::LOOP) => {
                        return Err(Failure::invalid("open parent", "parent is not a directory"));
                    }
                    Err(errno) => return Err(Failure::system("open parent", errno)),
                };
            }
            self.last_parent = Some((components.to_vec(), directory));
        }
        Ok(self.last_parent.as_ref().map(|(_, directory)| directory.as_fd()))
    }

    /// # Errors
    ///
    /// The kernel could not write everything back.
    pub fn sync(&self) -> Result<(), Failure> {
        fs::syncfs(&self.root).map_err(|errno| Failure::system("syncfs", errno))
    }
}

fn open_directory(parent: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    fs::openat(parent, name, DIRECTORY, Mode::empty())
}

/// Makes the directory, or keeps the one that is there with what is in it, and gives it these bits. Returns whether
/// something else was in its place.
pub fn put_directory(parent: BorrowedFd<'_>, name: &[u8], mode: u32) -> Result<bool, Failure> {
    let name = OsStr::from_bytes(name);
    let mut replaced = false;
    let directory = match fs::mkdirat(parent, name, Mode::RWXU) {
        Ok(()) => open_directory(parent, name),
        Err(Errno::EXIST) => match open_directory(parent, name) {
            Err(Errno::NOTDIR | Errno::LOOP) => {
                replaced = true;
                fs::unlinkat(parent, name, AtFlags::empty()).map_err(|errno| Failure::system("unlink", errno))?;
                fs::mkdirat(parent, name, Mode::RWXU).map_err(|errno| Failure::system("mkdir", errno))?;
                open_directory(parent, name)
            }
            known => known,
        },
        Err(errno) => return Err(Failure::system("mkdir", errno)),
    }
    .map_err(|errno| Failure::system("open directory", errno))?;
    fs::fchmod(&directory, Mode::from_raw_mode(mode)).map_err(|errno| Failure::system("chmod", errno))?;
    Ok(replaced)
}

/// A new, empty file. Whatever had the name is gone before: writing into it could write into a file that another name
/// of it, perhaps in a lower layer, still means.
pub fn put_file(parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Failure> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    fs::openat(parent, OsStr::from_bytes(name), flags, Mode::RUSR | Mode::WUSR)
        .map_err(|errno| Failure::system("create file", errno))
}

/// A symbolic link; its target is never looked at here, and resolved inside the sandbox that uses the image.
pub fn put_symlink(parent: BorrowedFd<'_>, name: &[u8], target: &[u8]) -> Result<(), Failure> {
    fs::symlinkat(OsStr::from_bytes(target), parent, OsStr::from_bytes(name))
        .map_err(|errno| Failure::system("symlink", errno))
}

/// Another name for what is already there. Flags 0: a symbolic link is linked itself, not what it points to.
pub fn put_hard_link(
    parent: BorrowedFd<'_>,
    name: &[u8],
    target_parent: BorrowedFd<'_>,
    target: &[u8],
) -> Result<(), Failure> {
    let (target, name) = (OsStr::from_bytes(target), OsStr::from_bytes(name));
    match fs::linkat(target_parent, target, parent, name, AtFlags::empty()) {
        Ok(()) => Ok(()),
        Err(Errno::NOENT) => Err(Failure::invalid("link", "target is not in the image")),
        Err(Errno::PERM) => Err(Failure::invalid("link", "target cannot be linked")),
        Err(errno) => Err(Failure::system("link", errno)),
    }
}

/// Sets permission bits and time of a file that was just written.
pub fn finish_file(file: &OwnedFd, mode: u32, mtime: i64) -> Result<(), Failure> {
    fs::fchmod(file, Mode::from_raw_mode(mode)).map_err(|errno| Failure::system("chmod", errno))?;
    fs::futimens(file, &times(mtime)).map_err(|errno| Failure::system("set time", errno))
}

/// Sets the time of a directory or symbolic link.
pub fn set_time(parent: BorrowedFd<'_>, name: &[u8], mtime: i64) -> Result<(), Failure> {
    match fs::utimensat(parent, OsStr::from_bytes(name), &times(mtime), AtFlags::SYMLINK_NOFOLLOW) {
        // Replaced or removed again by the same layer.
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(Failure::system("set time", errno)),
    }
}

fn times(mtime: i64) -> Timestamps {
    let time = Timespec { tv_sec: mtime, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}

/// Whether the name is a directory itself; false when there is none.
pub fn is_directory(parent: BorrowedFd<'_>, name: &[u8]) -> Result<bool, Failure> {
    match fs::statat(parent, OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(Failure::system("stat", errno)),
    }
}

/// Removes the name and everything below it, but for what `keep` says (asked with the path below `name`, depth first)
/// and directories that are not empty then. Returns whether the name is gone.
pub fn remove(
    parent: BorrowedFd<'_>,
    name: &[u8],
    path: &mut Vec<Vec<u8>>,
    keep: &dyn Fn(&[Vec<u8>]) -> bool,
) -> Result<bool, Failure> {
    path.push(name.to_vec());
    let gone = remove_named(parent, OsStr::from_bytes(name), path, keep);
    path.pop();
    gone
}

fn remove_named(
    parent: BorrowedFd<'_>,
    name: &OsStr,
    path: &mut Vec<Vec<u8>>,
    keep: &dyn Fn(&[Vec<u8>]) -> bool,
) -> Result<bool, Failure> {
    let directory = match open_directory(parent, name) {
        Ok(directory) => directory,
        Err(Errno::NOENT) => return Ok(true),
        Err(Errno::NOTDIR | Errno::LOOP) => {
            if keep(path) {
                return Ok(false);
            }
            return unlink(parent, name, AtFlags::empty());
        }
        Err(errno) => return Err(Failure::system("open directory", errno)),
    };
    remove_children(directory.as_fd(), path, keep)?;
    if keep(path) { Ok(false) } else { unlink(parent, name, AtFlags::REMOVEDIR) }
}

/// Like [`remove`], for everything in a directory; `path` is the directory's own. Depth is that of the tree, which
/// the limit on paths bounds.
pub fn remove_children(
    directory: BorrowedFd<'_>,
    path: &mut Vec<Vec<u8>>,
    keep: &dyn Fn(&[Vec<u8>]) -> bool,
) -> Result<(), Failure> {
    let failed = |errno| Failure::system("read directory", errno);
    let mut names = Vec::new();
    for entry in Dir::read_from(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
    }
    for name in names {
        remove(directory, &name, path, keep)?;
    }
    Ok(())
}

fn unlink(parent: BorrowedFd<'_>, name: &OsStr, flags: AtFlags) -> Result<bool, Failure> {
    match fs::unlinkat(parent, name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::NOTEMPTY) => Ok(false),
        Err(errno) => Err(Failure::system("unlink", errno)),
    }
}
