//! Files of the root: how many there are to be read, written and executed with another's rights.

use crate::sys::can_open;
use serde::Serialize;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// So that a whole machine's root takes a second.
const MOST: usize = 20_000;
const EXAMPLES: usize = 20;
/// They have sections of their own.
const ELSEWHERE: [&str; 3] = ["/proc", "/sys", "/dev"];

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Files {
    pub seen: usize,
    /// There were more than were looked at.
    pub cut: bool,
    /// Regular files that open for reading.
    pub readable: usize,
    /// Regular files that open for writing, and directories that files can be made in.
    pub writable: usize,
    /// Set-user-id and set-group-id programs.
    pub setid: usize,
    pub writable_examples: Vec<String>,
}

pub fn files() -> Files {
    let mut found = Files::default();
    let mut open = vec![PathBuf::from("/")];
    while let Some(directory) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        if directory.to_str().is_some_and(crate::sys::may_write) {
            found.writable(&directory);
        }
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(info) = path.symlink_metadata() else { continue };
            found.seen += 1;
            if found.seen >= MOST {
                found.cut = true;
                return found;
            }
            if info.is_dir() && !ELSEWHERE.iter().any(|each| path == Path::new(each)) {
                open.push(path);
            } else if info.is_file() {
                found.file(&path, info.permissions().mode());
            }
        }
    }
    found
}

impl Files {
    fn file(&mut self, path: &Path, mode: u32) {
        let Some(text) = path.to_str() else { return };
        if mode & 0o6000 != 0 && mode & 0o111 != 0 {
            self.setid += 1;
        }
        if can_open(text, libc::O_RDONLY).is_ok() {
            self.readable += 1;
        }
        if can_open(text, libc::O_WRONLY).is_ok() {
            self.writable(path);
        }
    }

    fn writable(&mut self, path: &Path) {
        self.writable += 1;
        if self.writable_examples.len() < EXAMPLES {
            self.writable_examples.push(path.to_string_lossy().into_owned());
        }
    }
}
