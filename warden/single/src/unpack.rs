//! Unpacks the archive into a directory that is complete or does not exist.

use crate::archive::{Archive, Entry, Index, hexadecimal};
use crate::failure::Failure;
use flate2::read::GzDecoder;
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const BUFFER_BYTES: usize = 128 * 1024;
/// Other users' names for a temporary directory cannot be in the way: the directory is this user's.
const MOST_TRIES: u32 = 100;

/// Whether every file is there in its full size: a copy that a full disk or a crash cut short is replaced.
pub fn is_complete(directory: &Path, index: &Index) -> bool {
    index.files.iter().all(|Entry { path, bytes, .. }| {
        directory.join(path).symlink_metadata().is_ok_and(|stat| stat.is_file() && stat.len() == *bytes)
    })
}

pub fn unpack(archive: &Archive, directory: &Path) -> Result<(), Failure> {
    let work = temporary_beside(directory)?;
    let result = fill(archive, &work).and_then(|()| put_in_place(&work, directory, &archive.index));
    // After a success it is no longer there. What a kill leaves stays: no later start looks for it.
    let _ = std::fs::remove_dir_all(&work);
    result
}

fn temporary_beside(directory: &Path) -> Result<PathBuf, Failure> {
    for number in 0..MOST_TRIES {
        let work = directory.with_extension(format!("{}-{number}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&work) {
            Ok(()) => return Ok(work),
            Err(error) if error.raw_os_error() == Some(Errno::EXIST.raw_os_error()) => {}
            Err(error) => return Err(Failure::missing("create directory", &work, &error)),
        }
    }
    Err(Failure::missing("create directory", directory, &"remove the temporary directories beside it"))
}

fn fill(archive: &Archive, work: &Path) -> Result<(), Failure> {
    let Index { directories, files, links } = &archive.index;
    for (path, mode) in directories {
        let at = work.join(path);
        std::fs::create_dir(&at).map_err(|error| Failure::missing("create directory", &at, &error))?;
        set_mode(&at, *mode)?;
    }
    for file in files {
        write(archive, file, &work.join(&file.path))?;
    }
    for (path, target) in links {
        let at = work.join(path);
        std::os::unix::fs::symlink(target, &at).map_err(|error| Failure::missing("create link", &at, &error))?;
    }
    set_mode(work, 0o755)
}

/// The caller sees no file before the bytes that were written have the digest.
fn write(archive: &Archive, packed: &Entry, at: &Path) -> Result<(), Failure> {
    let unreadable =
        |error: std::io::Error| Failure::altered(&archive.path, format!("{}: {error}", packed.path.display()));
    let unwritten = |error: std::io::Error| Failure::missing("write", at, &error);
    let mut source = &archive.file;
    source.seek(SeekFrom::Start(packed.at)).map_err(unreadable)?;
    // One byte more than expected shows that there is more.
    let mut content = GzDecoder::new(source.take(packed.packed)).take(packed.bytes.saturating_add(1));
    let mut to: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(at).map_err(unwritten)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; BUFFER_BYTES]);
    loop {
        let count = content.read(&mut buffer).map_err(unreadable)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        digest.update(bytes);
        to.write_all(bytes).map_err(unwritten)?;
    }
    let found = hexadecimal(&digest.finalize());
    if found != packed.sha256 {
        let detail = format!("{}: sha256 {found}, expected {}", packed.path.display(), packed.sha256);
        return Err(Failure::altered(&archive.path, detail));
    }
    to.sync_all().map_err(unwritten)?;
    set_mode(at, packed.mode)
}

/// The umask does not apply to this.
fn set_mode(path: &Path, mode: u32) -> Result<(), Failure> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|error| Failure::missing("change mode", path, &error))
}

/// Another process may have been faster: its copy is as good.
fn put_in_place(work: &Path, directory: &Path, index: &Index) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::missing("rename", directory, &error);
    if let Err(error) = std::fs::rename(work, directory) {
        if is_complete(directory, index) {
            return Ok(());
        }
        if directory.symlink_metadata().is_err() {
            return Err(failed(error));
        }
        // The whole name is unique, so that repairs at the same time have a place each.
        let mut old = work.as_os_str().to_owned();
        old.push(".old");
        let old = PathBuf::from(old);
        std::fs::rename(directory, &old).map_err(failed)?;
        let _ = std::fs::remove_dir_all(&old);
        let placed = std::fs::rename(work, directory);
        return if is_complete(directory, index) { Ok(()) } else { placed.map_err(failed) };
    }
    Ok(())
}
