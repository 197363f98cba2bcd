# The Rust toolchain and the static programs built with it.

rust_minimum=1.91 # `build.target = "host-tuple"` in warden/.cargo/config.toml

# find_cargo: sets $cargo to one that is recent enough.
find_cargo() {
  for cargo in "$(command -v cargo || true)" "${HOME-/nonexistent}/.cargo/bin/cargo" /usr/bin/cargo; do
    [ -x "$cargo" ] || continue
    found=$("$cargo" --version 2>/dev/null | awk '{ print $2 }')
    at_least "$rust_minimum" "$found" && return 0
  done
  cargo=
  return 1
}

# at_least MINIMUM VERSION: both as MAJOR.MINOR…
at_least() {
  [ "$(printf '%s\n%s\n' "$1" "${2:-0}" | sort -V | head -n 1)" = "$1" ]
}

# setup_cargo run|dev: rustup's or the distribution's; Debian 12 has a current one as `cargo-web`, made for building
# browsers.
setup_cargo() {
  if ! find_cargo; then
    for name in cargo cargo-web; do
      at_least "$rust_minimum" "$(candidate "$name" | sed 's/^[0-9]*://')" || continue
      install_packages "$name" || true
      break
    done
  fi
  if ! find_cargo; then
    missing "cargo $rust_minimum or later" "as root on Debian 12: apt-get install cargo-web; or install rustup (https://rustup.rs/)"
    return 1
  fi
  [ "$1" = dev ] || return 0
  "$cargo" fmt --version >/dev/null 2>&1 || add_component rustfmt "rustfmt-web rustfmt"
  "$cargo" clippy --version >/dev/null 2>&1 || add_component clippy "rust-web-clippy rust-clippy"
}

# add_component NAME "PACKAGE…": from where the toolchain itself came.
add_component() {
  if [ -x "${cargo%/*}/rustup" ] && ! offline && "${cargo%/*}/rustup" -q component add "$1" >>"$state/rust.log" 2>&1; then
    return 0
  fi
  toolchain=$("$cargo" --version | awk '{ print $2 }')
  for package in $2; do
    case $(candidate "$package") in
      "$toolchain"*) install_packages "$package" && return 0 ;;
    esac
  done
  missing "$1" "rustup component add $1; or as root on Debian 12: apt-get install ${2%% *}"
}

# warden_target: sets $triple to the target to build for. With musl where the compiler has it or rustup can add it: a
# static glibc asks the processor for its features dozens of times when a program starts. On a virtual machine each
# answer takes microseconds, and each sandbox starts one such program.
warden_target() {
  rustc=${cargo%/*}/rustc
  [ -x "$rustc" ] || rustc=rustc
  triple=$("$rustc" -vV | sed -n 's/^host: //p')
  musl=${triple%%-*}-unknown-linux-musl
  if [ -d "$("$rustc" --print sysroot)/lib/rustlib/$musl" ] ||
    { [ -x "${cargo%/*}/rustup" ] && ! offline &&
      timeout 60 "${cargo%/*}/rustup" -q target add "$musl" >>"$state/rust.log" 2>&1; }; then
    triple=$musl
  fi
}

# Static, because the warden is executed inside root file systems that hold nothing it could be linked against.
setup_warden() {
  warden_stale || return 0
  setup_cargo run || return 1
  need cc "gcc libc6-dev"
  install_wanted "a C linker and libc.a"
  begin_stamp warden
  warden_target
  set -- build --release --locked --target "$triple" -p bulkhead-warden -p bulkhead-unpack -p bulkhead-probe -p bulkhead-observe -p bulkhead-surface --message-format short
  ! offline || set -- "$@" --offline
  if ! (cd "$root/warden" && step "building the warden" "$state/warden.log" "$cargo" "$@"); then
    missing "the warden" "see .setup/warden.log; without a network: run './bulkhead setup' once with one"
    return 1
  fi
  for name in warden bulkhead-unpack bulkhead-probe bulkhead-observe bulkhead-surface; do
    built=${CARGO_TARGET_DIR:-$root/warden/target}/$triple/release/$name
    install_program "$built" "$root/packages/bulkhead/bin/$name" || return 1
  done
  end_stamp warden
}

# install_program FROM TO: with a rename, so that no process ever starts half a file, and running ones keep theirs.
install_program() {
  mkdir -p "${2%/*}"
  cp "$1" "$2.new.$$" && chmod 0755 "$2.new.$$" && mv -f "$2.new.$$" "$2"
}
