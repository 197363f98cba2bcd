//! The host's read-only images: found by number, mounted where the inner plan names them.

use crate::Done;
use bulkhead_error::Attempt;
use bulkhead_plan::{Code, Error};
use rustix::mount::MountFlags;
use std::time::{Duration, Instant};

const FAILED: Code = Code::GuestFailed;
const PATIENCE: Duration = Duration::from_secs(30);

/// Mounts image 0 to `count` - 1 on `/images/N`.
pub fn mount(count: u32) -> Done {
    for number in 0..count {
        let device = format!("/dev/{}", wait(number)?);
        let at = format!("/images/{number}");
        std::fs::create_dir(&at).attempt_on(FAILED, "mkdir", &at)?;
        // The image is untrusted: its devices and set-user-id files have no effect.
        let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
        rustix::mount::mount(&*device, &*at, "erofs", flags, None).attempt_on(FAILED, "mount erofs", &device)?;
    }
    Ok(())
}

/// Disks appear as soon as their driver does, but the kernel may still be reading a partition table.
fn wait(number: u32) -> Done<String> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(device) = find(number, &disks()) {
            return Ok(device);
        }
        if Instant::now() > until {
            return Err(Error::new(FAILED, "wait for image").detail(number.to_string()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Name and serial of each virtio disk.
fn disks() -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir("/sys/block") else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| name.starts_with("vd"))
        .map(|name| {
            let serial = std::fs::read_to_string(format!("/sys/block/{name}/serial")).unwrap_or_default();
            (name, serial.trim_end().to_owned())
        })
        .collect()
}

/// By its serial if the VMM can set one, else by its letter: disks are then named in the order in which they were
/// added.
fn find(number: u32, disks: &[(String, String)]) -> Option<String> {
    let named = |(_, serial): &&(String, String)| serial.starts_with("bulkhead-");
    let by_serial = disks.iter().any(|disk| named(&disk));
    let serial = format!("bulkhead-{number}");
    let letter = char::from(b'a' + u8::try_from(number).ok().filter(|number| *number < 26)?);
    let name = format!("vd{letter}");
    let found = disks.iter().find(|disk| if by_serial { disk.1 == serial } else { disk.0 == name });
    found.map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::find;

    fn disks(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, serial)| ((*name).to_owned(), (*serial).to_owned())).collect()
    }

    #[test]
    fn a_serial_says_more_than_a_letter() {
        let known = disks(&[("vda", "bulkhead-1"), ("vdb", "bulkhead-0")]);
        assert_eq!(find(0, &known).as_deref(), Some("vdb"));
        assert_eq!(find(1, &known).as_deref(), Some("vda"));
        assert_eq!(find(2, &known), None);
    }

    #[test]
    fn without_serials_the_letter_counts() {
        let known = disks(&[("vdb", "x"), ("vda", "y")]);
        assert_eq!(find(0, &known).as_deref(), Some("vda"));
        assert_eq!(find(1, &known).as_deref(), Some("vdb"));
        assert_eq!(find(30, &known), None);
    }
}
