//! The dynamic loader of an ELF program: the kernel executes it together with the program, so Landlock has to allow it.

use bulkhead_error::{Code, Error};
use std::fs::File;
use std::os::unix::fs::FileExt;

const HEADER_BYTES: usize = 64;
const ENTRY_BYTES: usize = 56;
const PT_INTERP: u32 = 3;
/// More than any program has.
const MOST_ENTRIES: u16 = 64;
const LONGEST_PATH: u64 = 4096;

/// `None` for a statically linked program. Supports only 64-bit little-endian programs, like the warden itself.
pub fn of(program: &str) -> Result<Option<String>, Error> {
    let failed = |detail: &str| Error::new(Code::LaunchFailed, "read ELF header").path(program).detail(detail);
    let read = |file: &File, bytes: &mut [u8], at: u64| {
        file.read_exact_at(bytes, at).map_err(|error| failed(&error.kind().to_string()))
    };
    let file = File::open(program).map_err(|error| failed(&error.kind().to_string()))?;
    let mut header = [0; HEADER_BYTES];
    read(&file, &mut header, 0)?;
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Err(failed("not a 64-bit ELF program"));
    }
    let (table, size, count) = (word(&header, 32), half(&header, 54), half(&header, 56));
    if usize::from(size) != ENTRY_BYTES || count > MOST_ENTRIES {
        return Err(failed("program headers"));
    }
    for number in 0..u64::from(count) {
        let mut entry = [0; ENTRY_BYTES];
        let at = table.checked_add(number * ENTRY_BYTES as u64).ok_or_else(|| failed("program headers"))?;
        read(&file, &mut entry, at)?;
        if u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]) != PT_INTERP {
            continue;
        }
        let length = word(&entry, 32);
        let mut path = vec![0; usize::try_from(length.min(LONGEST_PATH)).unwrap_or(0)];
        read(&file, &mut path, word(&entry, 8))?;
        let text = path.split(|byte| *byte == 0).next().unwrap_or_default();
        return String::from_utf8(text.to_vec()).map(Some).map_err(|_| failed("interpreter"));
    }
    Ok(None)
}

fn half(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|two| two.try_into().ok()).map_or(0, u16::from_le_bytes)
}

fn word(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok()).map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn finds_the_loader_of_a_shell() {
        let loader = super::of("/bin/sh").unwrap();
        assert!(loader.is_none_or(|path| path.contains("/ld")), "a loader");
    }

    #[test]
    fn refuses_a_script() {
        let path = std::env::temp_dir().join(format!("script-{}", std::process::id()));
        std::fs::write(&path, "#!/bin/sh\n".repeat(20)).unwrap();
        let result = super::of(path.to_str().unwrap());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(result.unwrap_err().detail.as_deref(), Some("not a 64-bit ELF program"));
    }
}
