//! Unpacks one layer into its own directory, by the OCI image specification's rules for change sets (`layer.md`) and
//! the documented rules of Bulkhead: it creates only files, directories, symbolic links, hard links and whiteouts; it
//! drops set-user-id and set-group-id bits and extended attributes other than `user.*`. Without `owners` all files
//! belong to the unpacking user, and a directory's owner can always enter it.

use crate::failure::Failure;
use crate::limits::Options;
use crate::path::EntryPath;
use crate::tar::{Archive, Entry, Kind, Map};
use crate::tree::{self, Owner, Tree};
use crate::whiteouts::{Hidden, Whiteouts};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Names reserved by aufs: `.wh..wh.aufs`, to which its whiteouts are hard links, `.wh..wh.orph`, `.wh..wh.plnk`.
const AUFS: &[u8] = b".wh..wh.";
/// In the root: files to which hard links of several directories lead. They are unpacked for those links, and removed
/// at the end.
const AUFS_LINKS: &[u8] = b".wh..wh.plnk";

const DATA_BYTES: usize = 128 << 10;
const PERMISSIONS: u32 = 0o777;
const STICKY: u32 = 0o1000;
const SET_ID: u32 = 0o6000;
const OWNER_ALL: u32 = 0o700;
/// The last id of a sandbox that a workload can have.
const NOBODY: u32 = 65_534;

/// Content of the archive that the tree does not have.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dropped {
    pub devices: u64,
    pub fifos: u64,
    /// Files whose set-user-id or set-group-id bit was not kept.
    pub set_ids: u64,
    pub xattrs: u64,
    /// Files whose owner is outside a sandbox's range: they stay unmapped.
    pub owners: u64,
    /// Bookkeeping of aufs, an old storage driver.
    pub aufs: u64,
}

/// Applies entries, and records the layer's whiteouts.
pub struct Layer<'l> {
    tree: Tree,
    options: &'l Options,
    whiteouts: Whiteouts,
    name_bytes: u64,
    directory_times: Vec<(EntryPath, i64)>,
    pub entries: u64,
    pub dropped: Dropped,
}

impl<'l> Layer<'l> {
    pub fn new(tree: Tree, options: &'l Options) -> Self {
        Self {
            tree,
            options,
            whiteouts: Whiteouts::default(),
            name_bytes: 0,
            directory_times: Vec::new(),
            entries: 0,
            dropped: Dropped::default(),
        }
    }

    /// Unpacks all of it.
    ///
    /// # Errors
    ///
    /// The first entry that breaks a rule or exceeds a limit; the tree is then useless.
    pub fn apply(&mut self, archive: &mut Archive<'_>) -> Result<(), Failure> {
        let mut buffer = vec![0; DATA_BYTES];
        while let Some(entry) = archive.next_entry()? {
            self.entries += 1;
            self.afford()?;
            self.put(&entry, archive, &mut buffer).map_err(|failure| failure.at(&entry.path))?;
        }
        Ok(())
    }

    /// Directories that no entry had described when something was put below them.
    pub fn implied(&self) -> u64 {
        self.tree.implied()
    }

    /// One entry can imply a hundred directories, which take as much disk space as explicit ones.
    fn afford(&self) -> Result<(), Failure> {
        if self.entries + self.implied() > self.options.limits.entries {
            return Err(Failure::limit("read entry", "max-entries"));
        }
        Ok(())
    }

    /// Removes files that were unpacked for hard links alone; the links keep their content.
    pub fn forget_aufs(&mut self) -> Result<(), Failure> {
        tree::remove(self.tree.make(&[])?, AUFS_LINKS)
    }

    /// Writes the layer's whiteouts: into its own tree or, where an entry of its own has the name, into `hidden`.
    pub fn hide(&mut self, hidden: &mut Tree) -> Result<Hidden, Failure> {
        let written = std::mem::take(&mut self.whiteouts).write(&mut self.tree, hidden)?;
        hidden.forget_times()?;
        Ok(written)
    }

    fn put(&mut self, entry: &Entry, archive: &mut Archive<'_>, buffer: &mut [u8]) -> Result<(), Failure> {
        let path = EntryPath::parse(&entry.path, &self.options.limits)?;
        let Some((parents, name)) = path.split() else {
            // The root keeps the bits that the store gave it: a workload must be able to enter it.
            return if entry.kind == Kind::Directory { Ok(()) } else { Err(Failure::invalid("check path", "root")) };
        };
        if parents.iter().any(|parent| parent.starts_with(AUFS)) {
            return self.put_aufs(entry, &path, archive, buffer);
        }
        if parents.iter().any(|parent| parent.starts_with(WHITEOUT)) {
            return Err(Failure::invalid("check path", "whiteout as a directory"));
        }
        if name.starts_with(WHITEOUT) {
            return self.white_out(parents, name);
        }
        self.dropped.xattrs += entry.dropped_xattrs;
        if !matches!(entry.kind, Kind::File | Kind::Directory) {
            self.dropped.xattrs += entry.xattrs.len() as u64;
        }
        match entry.kind {
            Kind::Device => self.dropped.devices += 1,
            Kind::Fifo => self.dropped.fifos += 1,
            Kind::Directory => self.put_directory(entry, &path)?,
            Kind::File => self.put_file(entry, &path, archive, buffer)?,
            Kind::Symlink => {
                check_target(&entry.link)?;
                self.clear(&path)?;
                let owner = self.owner(entry);
                let parent = self.tree.make(parents)?;
                tree::put_symlink(parent, name, &entry.link, owner)?;
                tree::set_time(parent, name, entry.mtime)?;
            }
            Kind::HardLink => self.put_hard_link(entry, &path)?,
        }
        Ok(())
    }

    fn put_directory(&mut self, entry: &Entry, path: &EntryPath) -> Result<(), Failure> {
        let Some((parents, name)) = path.split() else { return Ok(()) };
        self.count_set_id(entry);
        let owner = self.owner(entry);
        let mode = (entry.mode & (PERMISSIONS | STICKY)) | if self.options.owners { 0 } else { OWNER_ALL };
        self.dropped.xattrs += tree::put_directory(self.tree.make(parents)?, name, mode, owner, &entry.xattrs)?;
        self.remember(path.components())?;
        self.directory_times.push((path.clone(), entry.mtime));
        Ok(())
    }

    fn put_file(
        &mut self,
        entry: &Entry,
        path: &EntryPath,
        archive: &mut Archive<'_>,
        buffer: &mut [u8],
    ) -> Result<(), Failure> {
        let Some((parents, name)) = path.split() else { return Ok(()) };
        self.count_set_id(entry);
        self.clear(path)?;
        let owner = self.owner(entry);
        let mut file = File::from(tree::put_file(self.tree.make(parents)?, name)?);
        match &entry.sparse {
            None => copy(archive, buffer, |data| file.write_all(data))?,
            Some(map) => scatter(map, archive, buffer, &file)?,
        }
        let file = file.into();
        self.dropped.xattrs += tree::put_xattrs(&file, &entry.xattrs)?;
        tree::finish_file(&file, entry.mode & PERMISSIONS, owner, entry.mtime)
    }

    fn put_hard_link(&mut self, entry: &Entry, path: &EntryPath) -> Result<(), Failure> {
        let target = EntryPath::parse(&entry.link, &self.options.limits)?;
        let (Some((parents, name)), Some((target_parents, target_name))) = (path.split(), target.split()) else {
            return Err(Failure::invalid("link", "target is not in the image"));
        };
        // Clearing the name would first remove the target.
        if target.components().starts_with(path.components()) {
            return Err(Failure::invalid("link", "target is the link itself"));
        }
        self.clear(path)?;
        let target_parent = self
            .tree
            .find(target_parents)?
            .ok_or_else(|| Failure::invalid("link", "target is not in the image"))?
            .try_clone_to_owned()
            .map_err(|_| Failure::system("duplicate descriptor", rustix::io::Errno::MFILE))?;
        let target_parent = std::os::fd::AsFd::as_fd(&target_parent);
        if tree::is_directory(target_parent, target_name)? {
            return Err(Failure::invalid("link", "target is a directory"));
        }
        tree::put_hard_link(self.tree.make(parents)?, name, target_parent, target_name)
    }

    /// Removes the name and everything below it.
    fn clear(&mut self, path: &EntryPath) -> Result<(), Failure> {
        let Some((parents, name)) = path.split() else { return Ok(()) };
        tree::remove(self.tree.make(parents)?, name)
    }

    /// Below a directory of aufs' own.
    fn put_aufs(
        &mut self,
        entry: &Entry,
        path: &EntryPath,
        archive: &mut Archive<'_>,
        buffer: &mut [u8],
    ) -> Result<(), Failure> {
        self.dropped.aufs += 1;
        let is_target =
            matches!(path.components(), [directory, name] if directory == AUFS_LINKS && !name.starts_with(WHITEOUT));
        if is_target && entry.kind == Kind::File { self.put_file(entry, path, archive, buffer) } else { Ok(()) }
    }

    /// The name makes it a marker, whatever its type: writers use files, aufs hard links to one of its own.
    fn white_out(&mut self, parents: &[Vec<u8>], name: &[u8]) -> Result<(), Failure> {
        let hidden = name.strip_prefix(WHITEOUT).unwrap_or_default();
        if name != OPAQUE && name.starts_with(AUFS) {
            self.dropped.aufs += 1;
            return Ok(());
        }
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(Failure::invalid("white out", "name"));
        }
        if self.options.lowest {
            return Ok(());
        }
        self.remember(parents)?;
        self.name_bytes += hidden.len() as u64;
        let directory = self.tree.resolve(parents)?;
        if name == OPAQUE {
            self.whiteouts.hide_below(directory);
        } else {
            self.whiteouts.hide(directory, hidden);
        }
        Ok(())
    }

    /// Pays for a path that stays in memory until the end.
    fn remember(&mut self, path: &[Vec<u8>]) -> Result<(), Failure> {
        // Each name is a vector of its own.
        self.name_bytes += path.iter().map(|name| (name.len() + size_of::<Vec<u8>>()) as u64).sum::<u64>();
        if self.name_bytes > self.options.limits.name_bytes {
            return Err(Failure::limit("remember path", "max-name-bytes"));
        }
        Ok(())
    }

    /// Ids outside a sandbox's range stay unmapped: making them root's, as one unpacker does, would raise a file's
    /// owner.
    fn owner(&mut self, entry: &Entry) -> Option<Owner> {
        if !self.options.owners {
            return None;
        }
        let known = |id: u64| u32::try_from(id).ok().filter(|id| *id <= NOBODY);
        if known(entry.uid).is_none() || known(entry.gid).is_none() {
            self.dropped.owners += 1;
        }
        Some(Owner { uid: known(entry.uid).unwrap_or(NOBODY), gid: known(entry.gid).unwrap_or(NOBODY) })
    }

    fn count_set_id(&mut self, entry: &Entry) {
        if entry.mode & SET_ID != 0 {
            self.dropped.set_ids += 1;
        }
    }

    /// Last, because adding an entry to a directory changes its time. Directories without an entry get none, so that
    /// the same layer always gives the same tree.
    pub fn finish_directories(&mut self) -> Result<(), Failure> {
        self.tree.forget_times()?;
        for (path, mtime) in std::mem::take(&mut self.directory_times) {
            let Some((parents, name)) = path.split() else { continue };
            // A later entry may have replaced a parent.
            if let Ok(Some(parent)) = self.tree.find(parents) {
                tree::set_time(parent, name, mtime)?;
            }
        }
        Ok(())
    }
}

/// The remaining data of the entry.
fn copy(
    archive: &mut Archive<'_>,
    buffer: &mut [u8],
    mut write: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<(), Failure> {
    loop {
        let count = archive.read_data(buffer)?;
        if count == 0 {
            return Ok(());
        }
        write(buffer.get(..count).unwrap_or_default()).map_err(|error| write_failure(&error))?;
    }
}

/// Writes each piece to its place; the holes between them are never written.
fn scatter(map: &Map, archive: &mut Archive<'_>, buffer: &mut [u8], file: &File) -> Result<(), Failure> {
    file.set_len(map.size).map_err(|error| write_failure(&error))?;
    for piece in &map.pieces {
        let (mut offset, mut left) = (piece.offset, piece.length);
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let part = buffer.get_mut(..wanted).unwrap_or_default();
            let count = archive.read_data(part)?;
            if count == 0 {
                return Err(Failure::invalid("read data", "truncated"));
            }
            file.write_all_at(part.get(..count).unwrap_or_default(), offset).map_err(|error| write_failure(&error))?;
            offset += count as u64;
            left -= count as u64;
        }
    }
    Ok(())
}

fn write_failure(error: &std::io::Error) -> Failure {
    let errno = error.raw_os_error().map_or(rustix::io::Errno::IO, rustix::io::Errno::from_raw_os_error);
    Failure::system("write", errno)
}

fn check_target(target: &[u8]) -> Result<(), Failure> {
    if target.is_empty() || target.contains(&0) {
        return Err(Failure::invalid("symlink", "target"));
    }
    Ok(())
}
