#!/bin/sh
# What: gVisor's runsc, release of 2026-09-05 (gvisor.dev/gvisor v0.0.0-20260905035102-160fafc42237), on Linux x86-64.
# Behaviour: SIOCGIFADDR (netdevice(7)) fills in the address of an interface and leaves sa_family 0, AF_UNSPEC;
# SIOCGIFCONF, asked on the same socket, says AF_INET. What one would have guessed: AF_INET from both, as Linux answers.
# Debian's `mpirun -n 2 true` (Open MPI 4.1.4), which looks for interfaces this way, finds lo and does not take it: "The
# PMIx server's listener thread failed to start". Seen: 2026-11-30: linux SIOCGIFCONF=2 SIOCGIFADDR=2 / gvisor
# SIOCGIFCONF=2 SIOCGIFADDR=0
set -u

version=v0.0.0-20260905035102-160fafc42237
work=$(mktemp -d) || exit 2
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

[ "$(id -u)" -eq 0 ] && command -v unshare >/dev/null && python=$(command -v /usr/bin/python3) || { echo "needs root, unshare and /usr/bin/python3"; exit 2; }
runsc=${RUNSC-}
if [ -z "$runsc" ]; then
  command -v go >/dev/null || { echo "needs go, or RUNSC=PATH of a runsc of that version"; exit 2; }
  GOPATH=$work/go GOFLAGS=-modcacherw GOBIN=$work GOCACHE=$work/cache go install "gvisor.dev/gvisor/runsc@$version" >"$work/log" 2>&1 ||
    { tail -3 "$work/log"; exit 2; }
  runsc=$work/runsc
fi

cat >"$work/ask.py" <<'END'
import array, fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
space = array.array("B", bytes(4096))
fcntl.ioctl(s, 0x8912, struct.pack("iL", 4096, space.buffer_info()[0]))
listed, = struct.unpack("=H", space.tobytes()[16:18])
told, = struct.unpack("=H", fcntl.ioctl(s, 0x8915, struct.pack("16s24x", b"lo"))[16:18])
print(f"SIOCGIFCONF={listed} SIOCGIFADDR={told}")
END

linux=$(unshare -n sh -c "ip link set lo up && exec $python $work/ask.py") || exit 2
gvisor=$(timeout 60 "$runsc" --network=none --platform=systrap --ignore-cgroups do "$python" "$work/ask.py" 2>/dev/null) || exit 2
"$runsc" --version | head -1
echo "linux $linux / gvisor $gvisor"
[ "$linux" = "SIOCGIFCONF=2 SIOCGIFADDR=2" ] && [ "$gvisor" = "SIOCGIFCONF=2 SIOCGIFADDR=0" ]
