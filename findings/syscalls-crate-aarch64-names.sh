#!/bin/sh
# What: the crate syscalls 0.8.1 (crates.io), its table for aarch64; the program runs on any architecture.
# Behaviour: number 79 is named "fstatat", and the table has the "*_time64" calls (403 to 423).
# What one would have guessed: the kernel's names. It calls 79 "newfstatat" (include/uapi/asm-generic/unistd.h), as
# the crate itself does on x86-64 for 262, and has the "*_time64" calls on 32-bit architectures alone. A seccomp profile
# that names newfstatat, as that of every container engine does, lacks a call that nearly all programs make.
# Seen: 2026-12-01: "79 fstatat / x86-64 262 newfstatat / 403 clock_gettime64"
set -eu
command -v cargo >/dev/null || { echo "no cargo" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cat >"$work/Cargo.toml" <<'END'
[package]
name = "names"
version = "0.0.0"
edition = "2021"

[dependencies]
syscalls = { version = "=0.8.1", default-features = false, features = ["all"] }
END
cat >"$work/src/main.rs" <<'END'
use syscalls::{aarch64, x86_64};

fn main() {
    let name = |id| aarch64::Sysno::new(id).map_or("none", |call| call.name());
    println!("79 {}", name(79));
    println!("x86-64 262 {}", x86_64::Sysno::new(262).map_or("none", |call| call.name()));
    println!("403 {}", name(403));
}
END
(cd "$work" && cargo run --quiet) >"$work/seen" 2>"$work/errors" || { cat "$work/errors" >&2; exit 2; }
cat "$work/seen"
printf '79 fstatat\nx86-64 262 newfstatat\n403 clock_gettime64\n' | cmp -s - "$work/seen"
