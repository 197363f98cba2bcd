//! Names and numbers of system calls, as the kernel has them. A cross build compiles filters for its target on another
//! machine, so the architecture is a parameter.

pub use syscalls::Sysno;
use syscalls::{aarch64, x86_64};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    X86_64,
    Aarch64,
}

impl Architecture {
    /// Of this program.
    #[cfg(target_arch = "x86_64")]
    pub const NATIVE: Self = Self::X86_64;
    #[cfg(target_arch = "aarch64")]
    pub const NATIVE: Self = Self::Aarch64;

    /// By its name in Rust's `target_arch`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "x86_64" => Some(Self::X86_64),
            "aarch64" => Some(Self::Aarch64),
            _ => None,
        }
    }

    /// `AUDIT_ARCH_*` of `linux/audit.h`.
    #[must_use]
    pub const fn audit(self) -> u32 {
        match self {
            Self::X86_64 => 0xc000_003e,
            Self::Aarch64 => 0xc000_00b7,
        }
    }

    /// Each system call's name and number.
    #[must_use]
    pub fn calls(self) -> Vec<(&'static str, u32)> {
        // The crate's iterators omit the last number.
        let all: Vec<(&'static str, i32)> = match self {
            Self::X86_64 => {
                x86_64::Sysno::iter().chain([x86_64::Sysno::last()]).map(|call| (call.name(), call.id())).collect()
            }
            Self::Aarch64 => {
                aarch64::Sysno::iter().chain([aarch64::Sysno::last()]).map(|call| (call.name(), call.id())).collect()
            }
        };
        let exists =
            |(name, id)| Some((kernel_name(name), u32::try_from(id).ok()?)).filter(|_| !ONLY_32_BIT.contains(&id));
        all.into_iter().filter_map(exists).collect()
    }
}

/// The crate lists these for aarch64. They exist on 32-bit architectures only: `*_time64` of
/// `arch/x86/entry/syscalls/syscall_32.tbl`.
const ONLY_32_BIT: std::ops::RangeInclusive<i32> = 403..=423;

/// The system calls of this program's architecture.
pub fn native() -> impl Iterator<Item = Sysno> {
    Sysno::iter().chain([Sysno::last()]).filter(|call| !ONLY_32_BIT.contains(&call.id()))
}

/// A call's name in the kernel, and thus in seccomp profiles.
#[must_use]
pub fn name(call: Sysno) -> &'static str {
    kernel_name(call.name())
}

/// The crate calls aarch64's `newfstatat` by the name of the C function. A profile that names the kernel's call would
/// silently not allow it.
fn kernel_name(name: &'static str) -> &'static str {
    if name == "fstatat" { "newfstatat" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Architecture; 2] = [Architecture::X86_64, Architecture::Aarch64];

    fn number(architecture: Architecture, wanted: &str) -> Option<u32> {
        architecture.calls().into_iter().find(|(name, _)| *name == wanted).map(|(_, number)| number)
    }

    #[test]
    fn numbers_are_those_of_the_kernels_tables() {
        for (name, numbers) in [
            ("read", [Some(0), Some(63)]),
            ("open", [Some(2), None]),
            ("newfstatat", [Some(262), Some(79)]),
            ("fstatat", [None, None]),
            ("execve", [Some(59), Some(221)]),
            ("mount", [Some(165), Some(40)]),
            ("clone3", [Some(435), Some(435)]),
            ("futex_time64", [None, None]),
        ] {
            assert_eq!(BOTH.map(|architecture| number(architecture, name)), numbers, "{name}");
        }
    }

    #[test]
    fn this_programs_calls_are_those_of_its_architecture() {
        let listed: Vec<_> = native().map(|call| (name(call), u32::try_from(call.id()).unwrap_or(u32::MAX))).collect();
        assert_eq!(listed, Architecture::NATIVE.calls());
        assert_eq!(Architecture::named(std::env::consts::ARCH), Some(Architecture::NATIVE));
        assert_eq!(Architecture::named("riscv64"), None);
    }
}
