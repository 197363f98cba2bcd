//! Writes the floors of all filters, and a front's filter, as constants: compiled when the warden is built, never when
//! it runs. A profile with two rules for one name fails the build.

use bulkhead_filters::{Floor, check_profiles, floor, front};
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
    check_profiles()?;
    let workload = |whiteouts, chroot| Floor::Workload { whiteouts, chroot };
    let mut text = String::new();
    for (name, filter) in [
        ("PROGRAM", floor(Floor::Program)?),
        ("WORKLOAD", floor(workload(false, false))?),
        ("CHROOT", floor(workload(false, true))?),
        ("WHITEOUTS", floor(workload(true, false))?),
        ("WHITEOUTS_CHROOT", floor(workload(true, true))?),
        ("FRONT", front()?),
    ] {
        writeln!(text, "pub const {name}: &[sock_filter] = &[")?;
        for one in filter {
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
