//! Disks have no driver until the host has said what to boot. A machine that waits for that knows neither the size nor
//! a byte of any image, so that a copy of it can get other images.

use crate::Done;
use bulkhead_error::Attempt;
use bulkhead_plan::Code;

const DRIVER: &str = "/sys/bus/virtio/drivers/virtio_blk";

/// The released devices in the order of their numbers, which is the monitor's order.
pub struct Released(Vec<String>);

/// Releases the driver of every disk, with the data it had read.
pub fn release() -> Done<Released> {
    let mut devices: Vec<String> = std::fs::read_dir(DRIVER)
        .map(|entries| entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
        .unwrap_or_default();
    devices.retain(|name| number(name).is_some());
    devices.sort_by_key(|name| number(name));
    for device in &devices {
        tell("unbind", device)?;
    }
    Ok(Released(devices))
}

impl Released {
    pub fn bind(self) -> Done {
        self.0.iter().try_for_each(|device| tell("bind", device))
    }
}

fn number(device: &str) -> Option<u32> {
    device.strip_prefix("virtio")?.parse().ok()
}

fn tell(what: &str, device: &str) -> Done {
    let path = format!("{DRIVER}/{what}");
    std::fs::write(&path, device).attempt_on(Code::GuestFailed, "write", &path)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn devices_have_numbers() {
        assert_eq!(number("virtio11"), Some(11));
        assert_eq!(number("module"), None);
        assert_eq!(number("virtio"), None);
    }
}
