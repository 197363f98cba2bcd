//! Writes the floors of all filters as constants: compiled once, where the warden is built, and never again where it runs.

use bulkhead_filters::{Floor, floor};
use std::fmt::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let architecture = std::env::var("CARGO_CFG_TARGET_ARCH")?;
    if architecture != std::env::consts::ARCH {
        return Err(format!(
            "the compiler knows {} here, not {architecture}: build where it runs",
            std::env::consts::ARCH
        )
        .into());
    }
    let workload = |whiteouts, chroot| Floor::Workload { whiteouts, chroot };
    let mut text = String::new();
    for (name, which) in [
        ("PROGRAM", Floor::Program),
        ("WORKLOAD", workload(false, false)),
        ("CHROOT", workload(false, true)),
        ("WHITEOUTS", workload(true, false)),
        ("WHITEOUTS_CHROOT", workload(true, true)),
    ] {
        writeln!(text, "pub const {name}: &[sock_filter] = &[")?;
        for one in floor(which)? {
            let (high, low) = (one.k >> 16, one.k & 0xffff);
            writeln!(text, "    instruction({}, {}, {}, 0x{high:04x}_{low:04x}),", one.code, one.jt, one.jf)?;
        }
        writeln!(text, "];")?;
    }
    let place = std::path::PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    std::fs::write(place.join("floors.rs"), text)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
