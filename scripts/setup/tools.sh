# Programs that only tests and benchmarks use: peers to measure against, and real programs to run inside.

test_tools() {
  need gcc "gcc libc6-dev"
  need git git
  need python3 python3
  need perl perl
  need bash bash
  need setpriv util-linux
  need openssl openssl
  need apparmor_parser apparmor /usr/sbin/apparmor_parser
  need curl curl
  need pip3 python3-pip
  need mpirun openmpi-bin
  need Rscript r-base-core
  need chromium chromium
  need lintian lintian
  need msmtp msmtp
  # Reads what the server's metrics say.
  [ -d /usr/lib/python3/dist-packages/prometheus_client ] || wanted="$wanted python3-prometheus-client"
  # Podman's unmodified seccomp profile.
  [ -e /usr/share/containers/seccomp.json ] || wanted="$wanted golang-github-containers-common"
  bench_tools
  host_tools
  fetch_nodes || true
  fetch_managers || true
}

# fetch_nodes: the oldest Node that the documents promise, the one between, the newest, and that of the single file, for
# tests; not installed, so that PATH keeps its own.
fetch_nodes() {
  [ "$(uname -m)" = x86_64 ] || return 0
  for version in 20.19 22 26; do
    fetch_node "$version" tests || return 1
  done
  fetch_node "$(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$root/packaging/single/node.json")" "the single file"
}

# fetch_managers: other package managers for npm's packages, for tests; not installed, so that PATH keeps its own.
fetch_managers() {
  [ ! -e "$state/managers/node_modules/@yarnpkg/cli-dist/bin/yarn.js" ] || return 0
  offline && return 1
  step "fetching pnpm and yarn for tests" "$state/managers.log" npm install --prefix "$state/managers" --ignore-scripts \
    --no-audit --no-fund --no-save pnpm@10.34.9 yarn@1.22.22 @yarnpkg/cli-dist@4.18.1 || return 1
}

# EROFS images for virtual machines, and images of the distribution's packages.
image_tools() {
  need mkfs.erofs erofs-utils
  need mmdebstrap mmdebstrap
}

bench_tools() {
  need bwrap bubblewrap
  need runc runc /usr/sbin/runc
  need crun crun
  need skopeo skopeo
  need umoci umoci
  need docker-registry docker-registry
  need tinyproxy tinyproxy-bin
  need lz4 lz4
  need zstd zstd
  need xz xz-utils
  need bzip2 bzip2
  image_tools
  install_wanted "programs for tests and benchmarks"
}

# peer_tools: what only benchmarks measure against, kept below .setup. Each run of the benchmark names those that are
# missing.
peer_tools() {
  need rg ripgrep
  need socat socat
  install_wanted "programs that peers in benchmarks need"
  [ ! -e "$state/peers/node_modules/@anthropic-ai/sandbox-runtime/dist/cli.js" ] || return 0
  ! offline || return 0
  fetch_nodes || true
  step "fetching peers for benchmarks" "$state/peers.log" npm install --prefix "$state/peers" --ignore-scripts \
    --no-audit --no-fund --no-save @anthropic-ai/sandbox-runtime@0.0.83 || true
}

# Emulated machines with other kernels (tests/hosts).
host_tools() {
  need qemu-system-x86_64 qemu-system-x86
  need virtiofsd qemu-system-common /usr/lib/qemu/virtiofsd
  install_wanted "QEMU for tests on other kernels"
}
