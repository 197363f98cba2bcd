//! Writes the floors of all filters, and a front's filter, as constants: compiled when the warden is built, never when
//! it runs. A profile with two rules for one name fails the build.

use bulkhead_filters::{Architecture, Floor, check_profiles, floor, front};
use std::fmt::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Of the target: this program runs on the machine that builds.
    let name = std::env::var("CARGO_CFG_TARGET_ARCH")?;
    let architecture =
        Architecture::named(&name).ok_or_else(|| format!("no seccomp profile knows the system calls of {name}"))?;
    check_profiles()?;
    let workload = |whiteouts, chroot| Floor::Workload { whiteouts, chroot };
    let mut text = String::new();
    for (name, filter) in [
        ("PROGRAM", floor(architecture, Floor::Program)?),
        ("WORKLOAD", floor(architecture, workload(false, false))?),
        ("CHROOT", floor(architecture, workload(false, true))?),
        ("WHITEOUTS", floor(architecture, workload(true, false))?),
        ("WHITEOUTS_CHROOT", floor(architecture, workload(true, true))?),
        ("FRONT", front(architecture)?),
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
