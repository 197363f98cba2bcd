#!/bin/sh
# What: open_tree(2) with OPEN_TREE_CLONE, Linux 6.18 (no package; Python only makes the call).
# Behaviour: of what a process opened in another mount namespace, a directory or a file is refused with EINVAL, but a
#   namespace file of /proc/PID/ns is cloned: a regular file to fstat(2), mounted in no mount namespace at all. So a
#   service that clones descriptors of its clients mounts handles of namespaces for them.
# What one would have guessed: EINVAL for each: "source_mnt is not in the caller's mount namespace" (mount(2)); or for
#   each but what the caller has mounted.
# Seen: 2026-11-30: "directory: EINVAL", "file: EINVAL", "namespace: cloned, regular file".
set -eu
for program in python3 unshare; do
  command -v "$program" >/dev/null 2>&1 || { echo "cannot tell: $program is missing"; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "cannot tell: needs root"; exit 2; }
uname -r
unshare --mount sleep 30 &
other=$!
trap 'kill "$other"' EXIT
tries=0
until [ "$(readlink "/proc/$other/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 50 ] || { echo "cannot tell: no mount namespace"; exit 2; }
  sleep 0.1
done
python3 - "$other" <<'PYTHON'
import ctypes, errno, os, stat, sys

OPEN_TREE, CLONE, EMPTY_PATH = 428, 1, 0x1000
libc = ctypes.CDLL(None, use_errno=True)


def clone(path):
    opened = os.open(path, os.O_PATH)
    mount = libc.syscall(OPEN_TREE, opened, b"", CLONE | EMPTY_PATH | os.O_CLOEXEC)
    if mount < 0:
        return errno.errorcode[ctypes.get_errno()]
    return "cloned, regular file" if stat.S_ISREG(os.fstat(mount).st_mode) else "cloned"


process = f"/proc/{sys.argv[1]}"
if clone("/etc") != "cloned":
    print("cannot tell: open_tree does not clone here")
    sys.exit(2)
seen = {"directory": clone(f"{process}/root/etc"), "file": clone(f"{process}/root/etc/passwd"), "namespace": clone(f"{process}/ns/net")}
for name, what in seen.items():
    print(f"{name}: {what}")
sys.exit(seen != {"directory": "EINVAL", "file": "EINVAL", "namespace": "cloned, regular file"})
PYTHON
