//! The destination directory, and the only operations that change it.
//!
//! Every step is one component below a directory descriptor, opened with `O_NOFOLLOW`. A link is read, and its
//! components are walked in the same way within the tree. (`openat2` with `RESOLVE_IN_ROOT` would do the same in one
//! call, but this program's sandbox has no `openat2`: a seccomp filter could not see the mode bits behind the pointer.)

use crate::failure::Failure;
use crate::path::PATH_BYTES;
use crate::tar::Xattr;
use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Mode of directories that no entry describes.
const IMPLIED_MODE: Mode = Mode::from_raw_mode(0o755);
/// Their time, which identifies them: no time in an entry has a fraction of a second. Where layers are combined, such a
/// directory shows the owner, bits and time of the one below it.
const IMPLIED_TIME: Timespec = Timespec { tv_sec: 0, tv_nsec: 1 };
/// Far below where a recursion would use up its stack.
const DEEPEST: usize = 1024;

/// As many as the kernel follows in one path.
const LINKS: u32 = 40;

/// Ids inside the sandbox.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// An unpacked tree.
pub struct Tree {
    root: OwnedFd,
    /// The directory of the last entry: archives are written directory by directory. It cannot go stale: removed files
    /// are always below the directory that was walked to last.
    last: Option<Walked>,
    implied: u64,
}

struct Walked {
    asked: Vec<Vec<u8>>,
    path: Vec<Vec<u8>>,
    directory: OwnedFd,
}

impl Tree {
    /// # Errors
    ///
    /// The destination cannot be opened as a directory.
    pub fn open(dest: &OsStr) -> Result<Self, Failure> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = fs::open(dest, flags, Mode::empty())
            .map_err(|errno| Failure::system("open destination", errno).at(dest.as_bytes()))?;
        Ok(Self { root, last: None, implied: 0 })
    }

    /// Directories that were created for an entry below them.
    pub fn implied(&self) -> u64 {
        self.implied
    }

    /// The directory with these components, if it exists.
    pub fn find(&mut self, components: &[Vec<u8>]) -> Result<Option<BorrowedFd<'_>>, Failure> {
        Ok(self.walk(components, false)?.map(|walked| walked.directory.as_fd()))
    }

    /// The directory with these components; creates missing ones.
    pub fn make(&mut self, components: &[Vec<u8>]) -> Result<BorrowedFd<'_>, Failure> {
        self.walk(components, true)?
            .map(|walked| walked.directory.as_fd())
            .ok_or_else(|| Failure::system("make parent", Errno::NOENT))
    }

    /// As `make`, but returns the components without links.
    pub fn resolve(&mut self, components: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Failure> {
        self.walk(components, true)?
            .map(|walked| walked.path.clone())
            .ok_or_else(|| Failure::system("make parent", Errno::NOENT))
    }

    fn walk(&mut self, components: &[Vec<u8>], make: bool) -> Result<Option<&Walked>, Failure> {
        if self.last.as_ref().is_none_or(|known| known.asked != components) {
            self.last = None;
            let mut walk = Walk { root: &self.root, stack: Vec::new(), links: 0, make, made: 0 };
            let found = walk.to(components);
            self.implied += walk.made;
            if !found? {
                return Ok(None);
            }
            let (path, mut directories): (Vec<_>, Vec<_>) = walk.stack.into_iter().unzip();
            let directory = match directories.pop() {
                Some(directory) => directory,
                None => self.root.try_clone().map_err(|_| Failure::system("duplicate descriptor", Errno::MFILE))?,
            };
            self.last = Some(Walked { asked: components.to_vec(), path, directory });
        }
        Ok(self.last.as_ref())
    }

    /// Gives every directory, including the root, the time of one that no entry describes.
    pub fn forget_times(&mut self) -> Result<(), Failure> {
        self.last = None;
        forget_times(self.root.as_fd())
    }
}

/// Flushes a directory's file system.
///
/// # Errors
///
/// The kernel could not write everything back.
pub fn flush(directory: &OsStr) -> Result<(), Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory =
        fs::open(directory, flags, Mode::empty()).map_err(|errno| Failure::system("open directory", errno))?;
    fs::syncfs(directory).map_err(|errno| Failure::system("syncfs", errno))
}

/// A walk to a directory. Links are resolved with the tree as the root, as with `RESOLVE_IN_ROOT`: no other process
/// changes the tree meanwhile, so a directory stays one between steps.
struct Walk<'t> {
    root: &'t OwnedFd,
    stack: Vec<(Vec<u8>, OwnedFd)>,
    links: u32,
    make: bool,
    made: u64,
}

impl Walk<'_> {
    /// False if there is no such directory.
    fn to(&mut self, components: &[Vec<u8>]) -> Result<bool, Failure> {
        for name in components {
            if !self.step(name)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn here(&self) -> BorrowedFd<'_> {
        self.stack.last().map_or(self.root.as_fd(), |(_, directory)| directory.as_fd())
    }

    fn step(&mut self, name: &[u8]) -> Result<bool, Failure> {
        let text = OsStr::from_bytes(name);
        match open_directory(self.here(), text) {
            Ok(directory) => self.enter(name, directory),
            Err(Errno::NOENT) if self.make => {
                fs::mkdirat(self.here(), text, IMPLIED_MODE).map_err(|errno| Failure::system("mkdir", errno))?;
                self.made += 1;
                let made = open_directory(self.here(), text).map_err(|errno| Failure::system("open parent", errno))?;
                self.enter(name, made)
            }
            Err(Errno::NOENT) => Ok(false),
            Err(Errno::NOTDIR | Errno::LOOP) => self.follow(text),
            Err(errno) => Err(Failure::system("open parent", errno)),
        }
    }

    fn enter(&mut self, name: &[u8], directory: OwnedFd) -> Result<bool, Failure> {
        self.stack.push((name.to_vec(), directory));
        let bytes: usize = self.stack.iter().map(|(name, _)| name.len() + 1).sum();
        // Links could lead deeper than the longest name in the archive.
        if self.stack.len() > DEEPEST || bytes > PATH_BYTES {
            return Err(Failure::limit("follow link", "max-depth"));
        }
        Ok(true)
    }

    fn follow(&mut self, name: &OsStr) -> Result<bool, Failure> {
        let Ok(target) = fs::readlinkat(self.here(), name, Vec::new()) else {
            return Err(Failure::invalid("open parent", "parent is not a directory"));
        };
        self.links += 1;
        if self.links > LINKS {
            return Err(Failure::invalid("open parent", "too many links"));
        }
        let target = target.as_bytes();
        if target.starts_with(b"/") {
            self.stack.clear();
        }
        for part in target.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                // The root is its own parent.
                b".." => drop(self.stack.pop()),
                name if !self.step(name)? => return Ok(false),
                _ => {}
            }
        }
        Ok(true)
    }
}

fn open_directory(parent: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    fs::openat(parent, name, DIRECTORY, Mode::empty())
}

/// Creates the directory, or keeps the existing one with its content, and sets its bits, owner and attributes. Returns
/// the number of attributes that the file system refuses.
pub fn put_directory(
    parent: BorrowedFd<'_>,
    name: &[u8],
    mode: u32,
    owner: Option<Owner>,
    xattrs: &[Xattr],
) -> Result<u64, Failure> {
    let name = OsStr::from_bytes(name);
    let directory = match fs::mkdirat(parent, name, Mode::RWXU) {
        Ok(()) => open_directory(parent, name),
        Err(Errno::EXIST) => match open_directory(parent, name) {
            Err(Errno::NOTDIR | Errno::LOOP) => {
                fs::unlinkat(parent, name, AtFlags::empty()).map_err(|errno| Failure::system("unlink", errno))?;
                fs::mkdirat(parent, name, Mode::RWXU).map_err(|errno| Failure::system("mkdir", errno))?;
                open_directory(parent, name)
            }
            known => known,
        },
        Err(errno) => return Err(Failure::system("mkdir", errno)),
    }
    .map_err(|errno| Failure::system("open directory", errno))?;
    let dropped = put_xattrs(&directory, xattrs)?;
    give(&directory, owner)?;
    fs::fchmod(&directory, Mode::from_raw_mode(mode)).map_err(|errno| Failure::system("chmod", errno))?;
    Ok(dropped)
}

/// Sets extended attributes, and returns the number that the file system refuses: not all can store them, and no
/// workload can rely on them.
pub fn put_xattrs(file: &OwnedFd, xattrs: &[Xattr]) -> Result<u64, Failure> {
    let mut dropped = 0;
    for Xattr { name, value } in xattrs {
        match fs::fsetxattr(file, OsStr::from_bytes(name), value, XattrFlags::empty()) {
            Ok(()) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSPC | Errno::TOOBIG | Errno::RANGE) => dropped += 1,
            Err(errno) => return Err(Failure::system("set extended attribute", errno)),
        }
    }
    Ok(dropped)
}

fn give(file: &OwnedFd, owner: Option<Owner>) -> Result<(), Failure> {
    let Some(Owner { uid, gid }) = owner else { return Ok(()) };
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    fs::fchown(file, Some(uid), Some(gid)).map_err(|errno| Failure::system("chown", errno))
}

/// Hides the name in the layers below: for overlayfs, a character device 0:0 does that.
pub fn put_whiteout(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
    fs::mknodat(parent, OsStr::from_bytes(name), FileType::CharacterDevice, Mode::empty(), 0)
        .map_err(|errno| Failure::system("mknod", errno))?;
    set_time(parent, name, 0)
}

/// A new, empty file. An existing entry with the name is removed first: writing into it could change a file that has
/// another name, perhaps in a lower layer.
pub fn put_file(parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Failure> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    fs::openat(parent, OsStr::from_bytes(name), flags, Mode::RUSR | Mode::WUSR)
        .map_err(|errno| Failure::system("create file", errno))
}

/// A symbolic link; its target is never checked here, and resolved inside the sandbox that uses the image.
pub fn put_symlink(parent: BorrowedFd<'_>, name: &[u8], target: &[u8], owner: Option<Owner>) -> Result<(), Failure> {
    let name = OsStr::from_bytes(name);
    fs::symlinkat(OsStr::from_bytes(target), parent, name).map_err(|errno| Failure::system("symlink", errno))?;
    let Some(Owner { uid, gid }) = owner else { return Ok(()) };
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    fs::chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|errno| Failure::system("chown", errno))
}

/// Another name for an existing entry. Flags 0: links a symbolic link itself, not its target.
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

/// Sets owner, permission bits and time of a newly written file.
pub fn finish_file(file: &OwnedFd, mode: u32, owner: Option<Owner>, mtime: i64) -> Result<(), Failure> {
    give(file, owner)?;
    fs::fchmod(file, Mode::from_raw_mode(mode)).map_err(|errno| Failure::system("chmod", errno))?;
    fs::futimens(file, &times(mtime)).map_err(|errno| Failure::system("set time", errno))
}

/// Sets the time of a directory or symbolic link.
pub fn set_time(parent: BorrowedFd<'_>, name: &[u8], mtime: i64) -> Result<(), Failure> {
    match fs::utimensat(parent, OsStr::from_bytes(name), &times(mtime), AtFlags::SYMLINK_NOFOLLOW) {
        // The same layer has replaced or removed it since.
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(Failure::system("set time", errno)),
    }
}

/// Depth is that of the tree, which the limit on paths bounds.
fn forget_times(directory: BorrowedFd<'_>) -> Result<(), Failure> {
    let failed = |errno| Failure::system("read directory", errno);
    for entry in Dir::read_from(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_bytes();
        // Some file systems do not store an entry's type in the directory.
        let is_directory = match entry.file_type() {
            FileType::Unknown => is_directory(directory, name)?,
            kind => kind == FileType::Directory,
        };
        if is_directory && name != b"." && name != b".." {
            let child = open_directory(directory, OsStr::from_bytes(name)).map_err(failed)?;
            forget_times(child.as_fd())?;
        }
    }
    let implied = Timestamps { last_access: IMPLIED_TIME, last_modification: IMPLIED_TIME };
    fs::futimens(directory, &implied).map_err(|errno| Failure::system("set time", errno))
}

fn times(mtime: i64) -> Timestamps {
    let time = Timespec { tv_sec: mtime, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}

/// Whether the name itself is a directory; false if there is none.
pub fn is_directory(parent: BorrowedFd<'_>, name: &[u8]) -> Result<bool, Failure> {
    match fs::statat(parent, OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(Failure::system("stat", errno)),
    }
}

/// Whether an entry has the name.
pub fn is_there(parent: BorrowedFd<'_>, name: &[u8]) -> Result<bool, Failure> {
    match fs::statat(parent, OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(Failure::system("stat", errno)),
    }
}

/// Removes the name and everything below it.
pub fn remove(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
    let name = OsStr::from_bytes(name);
    match open_directory(parent, name) {
        Ok(directory) => {
            remove_children(directory.as_fd())?;
            unlink(parent, name, AtFlags::REMOVEDIR)
        }
        Err(Errno::NOENT) => Ok(()),
        Err(Errno::NOTDIR | Errno::LOOP) => unlink(parent, name, AtFlags::empty()),
        Err(errno) => Err(Failure::system("open directory", errno)),
    }
}

/// Depth is that of the tree, which the limit on paths bounds.
fn remove_children(directory: BorrowedFd<'_>) -> Result<(), Failure> {
    let failed = |errno| Failure::system("read directory", errno);
    let mut names = Vec::new();
    for entry in Dir::read_from(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
    }
    names.iter().try_for_each(|name| remove(directory, name))
}

fn unlink(parent: BorrowedFd<'_>, name: &OsStr, flags: AtFlags) -> Result<(), Failure> {
    match fs::unlinkat(parent, name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(Failure::system("unlink", errno)),
    }
}
