//! The files that the kernel itself opens when it executes a file: a script's interpreter, a dynamic program's loader.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Maximum depth of scripts as interpreters of each other, as in the kernel.
const DEEPEST: usize = 4;

/// All of them, in the order in which they are opened.
pub fn of(program: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut next = named_in(program);
    while let Some(path) = next {
        if found.len() > DEEPEST || found.contains(&path) {
            break;
        }
        next = named_in(&path);
        found.push(path);
    }
    found
}

fn named_in(program: &Path) -> Option<PathBuf> {
    let mut file = File::open(program).ok()?;
    let mut head = [0; 256];
    let got = file.read(&mut head).ok()?;
    let head = &head[..got];
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|&byte| byte == b'\n').next()?;
        let word = line.split(|&byte| byte == b' ' || byte == b'\t').find(|word| !word.is_empty())?;
        return Some(Path::new(OsStr::from_bytes(word)).to_owned());
    }
    loader(&file, head)
}

/// `PT_INTERP` of a 64-bit little-endian ELF file; offsets as in `elf(5)`.
fn loader(file: &File, head: &[u8]) -> Option<PathBuf> {
    const PT_INTERP: u32 = 3;
    if head.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let table = u64::from_le_bytes(head.get(32..40)?.try_into().ok()?);
    let size = u64::from(u16::from_le_bytes(head.get(54..56)?.try_into().ok()?));
    let count = u64::from(u16::from_le_bytes(head.get(56..58)?.try_into().ok()?).min(128));
    for index in 0..count {
        let mut entry = [0; 56];
        file.read_exact_at(&mut entry, table.checked_add(index * size)?).ok()?;
        if u32::from_le_bytes(entry.get(..4)?.try_into().ok()?) != PT_INTERP {
            continue;
        }
        let offset = u64::from_le_bytes(entry.get(8..16)?.try_into().ok()?);
        let length = u64::from_le_bytes(entry.get(32..40)?.try_into().ok()?).min(4096);
        let mut name = vec![0; usize::try_from(length).ok()?];
        file.read_exact_at(&mut name, offset).ok()?;
        let name = name.split(|&byte| byte == 0).next()?;
        return Some(Path::new(OsStr::from_bytes(name)).to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_its_shell_and_a_program_its_loader() {
        let directory = std::env::temp_dir().join(format!("bulkhead-observe-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let script = directory.join("script");
        std::fs::write(&script, "#! /bin/sh -e\n").unwrap();
        let found = of(&script);
        std::fs::write(&script, "no program").unwrap();
        let none = of(&script);
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(found.first().map(PathBuf::as_path), Some(Path::new("/bin/sh")));
        // Its own, if the shell is not static.
        assert!(found.len() <= 2, "{found:?}");
        assert_eq!(none, Vec::<PathBuf>::new());
    }
}
