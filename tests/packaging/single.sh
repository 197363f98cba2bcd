#!/bin/sh
# Runs the single file in bare roots of Debian, which have no Node: sh tests/packaging/single.sh FILE
#
# Run by hand: it needs root, mmdebstrap and a mirror of Debian.
set -eu
file=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for suite in bookworm trixie; do
  mmdebstrap --quiet --variant=minbase "$suite" "$work/$suite"
  cp "$file" "$work/$suite/usr/local/bin/bulkhead"
  [ ! -e "$work/$suite/usr/bin/node" ]
  # The mounts end with the namespace. Its root is no chroot, in which the kernel allows no user namespace.
  unshare --mount --pid --fork sh -c '
    mount --rbind "$1" "$1"
    cd "$1"
    mkdir old
    mount -t proc proc proc
    mount -t tmpfs -o mode=755 dev dev
    mkdir dev/pts dev/shm
    for name in null zero full random urandom tty; do touch "dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
    pivot_root . old
    umount -l old
    exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot . sh -euc "$2"
  ' sh "$work/$suite" '
    first=$(bulkhead run -- id -u)
    [ "$first" = 1000 ]
    bulkhead run --level chroot -- true
    bulkhead images build-base localhost/base >/dev/null
    bulkhead images export localhost/base oci:/layout
    bulkhead run --root oci:/layout -- true
    bulkhead doctor | head -n 12
    ls /var/lib/bulkhead/programs | wc -l
  '
  echo "SINGLE $suite OK"
done
