#!/bin/sh
# what: musl 1.2.5, as rustc 1.95 links it into static programs (target x86_64-unknown-linux-musl).
# behaviour: sched_getscheduler and sched_setscheduler never enter the kernel: they return -1 with ENOSYS, always.
#   A program that drops a real-time class it was started with, "if it has one", sees no class, and keeps SCHED_FIFO.
# what one would have guessed: thin wrappers of the system calls of the same names, as in glibc; sched_yield and
#   sched_getaffinity in the same library are.
# seen (2026-11-30, Linux 6.18): system call says 1 (SCHED_FIFO); glibc says 1; musl says -1 errno 38
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for program in gcc chrt rustc; do
  command -v "$program" >/dev/null || { echo "no $program"; exit 2; }
done
chrt -f 1 true 2>/dev/null || { echo "this user may not use SCHED_FIFO"; exit 2; }

cat >"$work/ask.rs" <<'END'
unsafe extern "C" {
    fn sched_getscheduler(pid: i32) -> i32;
    fn syscall(number: i64, ...) -> i64;
}
fn main() {
    // SAFETY: both take numbers; 145 is sched_getscheduler on x86-64, and 0 is this process.
    let (library, errno) = unsafe { (sched_getscheduler(0), std::io::Error::last_os_error().raw_os_error()) };
    let kernel = unsafe { syscall(145, 0_i64) };
    println!("{kernel} {library} {}", if library < 0 { errno.unwrap_or(0) } else { 0 });
}
END
[ "$(uname -m)" = x86_64 ] || { echo "not x86-64"; exit 2; }
rustc --version
rustc --edition 2024 --target x86_64-unknown-linux-gnu -o "$work/glibc" "$work/ask.rs" || exit 2
rustc --edition 2024 --target x86_64-unknown-linux-musl -o "$work/musl" "$work/ask.rs" ||
  { echo "rustc has no musl target"; exit 2; }
glibc=$(chrt -f 1 "$work/glibc")
musl=$(chrt -f 1 "$work/musl")
echo "under SCHED_FIFO: system call, library, errno: glibc: $glibc; musl: $musl"
[ "$glibc" = "1 1 0" ] || exit 2
[ "$musl" = "1 -1 38" ]
