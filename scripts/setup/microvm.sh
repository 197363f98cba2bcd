# The needs of microVMs: QEMU, a builder of EROFS images, and a kernel.

microvm_tools() {
  need qemu-system-x86_64 qemu-system-x86
  need mkfs.erofs erofs-utils
  need lz4 lz4
  need xz xz-utils
  need zstd zstd
  install_wanted "programs for level microvm"
}

# The library downloads and unpacks it, without installing it, so this machine's boot loader is unchanged.
setup_kernel() {
  node "$root/packages/cli/dist/bulkhead.cjs" kernel ls 2>/dev/null | grep -q '^\*' && return 0
  if offline || ! step "fetching a kernel for microVMs" "$state/kernel.log" \
    node "$root/packages/cli/dist/bulkhead.cjs" kernel fetch; then
    missing "a kernel for microVMs" "run './bulkhead setup microvm' once with a network (log: .setup/kernel.log)"
    return 1
  fi
}
