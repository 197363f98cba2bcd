//! The host's settings on the kernel's command line.

/// Transport of channel and control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// Two named virtio-serial ports (QEMU).
    Serial,
    /// Two vsock ports to listen on (Firecracker).
    Vsock,
}

impl Ports {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Vsock => "vsock",
        }
    }
}

/// `bulkhead.ports=…`; `None` if missing or unknown.
pub fn ports(line: &str) -> Option<Ports> {
    match words(line).find_map(|word| word.strip_prefix("bulkhead.ports="))? {
        "serial" => Some(Ports::Serial),
        "vsock" => Some(Ports::Vsock),
        _ => None,
    }
}

/// Parameters for a module, in the form that `finit_module` takes. The kernel itself reads only those of built-in
/// parts.
pub fn parameters(line: &str, module: &str) -> String {
    let own = |word: &str| {
        let (name, parameter) = word.split_once('.')?;
        (name.replace('-', "_") == module).then(|| parameter.to_owned())
    };
    words(line).filter_map(own).collect::<Vec<_>>().join(" ")
}

/// Words after `--` are for init, which is this program.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_ascii_whitespace().take_while(|word| *word != "--")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "console=ttyS0 bulkhead.ports=serial virtio_mmio.device=512@0xfeb00e00:12 virtio-mmio.device=512@0xfeb00c00:11 -- virtio_mmio.x=1\n";

    #[test]
    fn devices_go_to_their_module() {
        assert_eq!(parameters(LINE, "virtio_mmio"), "device=512@0xfeb00e00:12 device=512@0xfeb00c00:11");
        assert_eq!(parameters(LINE, "virtio_blk"), "");
    }

    #[test]
    fn ports_are_named_or_nothing() {
        assert_eq!(ports(LINE), Some(Ports::Serial));
        assert_eq!(ports("bulkhead.ports=vsock"), Some(Ports::Vsock));
        assert_eq!(ports("bulkhead.ports=other"), None);
        assert_eq!(ports("quiet -- bulkhead.ports=vsock"), None);
    }
}
