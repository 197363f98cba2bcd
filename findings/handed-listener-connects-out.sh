#!/bin/sh
# What: a listening TCP socket that a process without a network of its own got from outside (socket activation, with
#   PrivateNetwork= or an empty network namespace), Linux 6.18 (no package; Python only makes the calls).
# Behaviour: shutdown(2) for reading ends the listening, and the same socket then connects to whatever the network that
#   it was created in reaches: loopback of the host included. The namespace of the process does not count.
# What one would have guessed: a listening socket can accept and nothing else (connect(2) on it fails with EISCONN), so
#   a process that has only that one cannot reach out.
# Seen: 2026-12-01: "new socket: ENETUNREACH", "listening socket: EISCONN", "after shutdown: connected".
set -eu
command -v python3 >/dev/null 2>&1 || { echo "cannot tell: python3 is missing"; exit 2; }
[ "$(id -u)" = 0 ] || { echo "cannot tell: needs root"; exit 2; }
uname -r
python3 - <<'PYTHON'
import ctypes, errno, os, socket, sys

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
service = socket.create_server(("127.0.0.1", 0))
service.settimeout(5)
handed = socket.create_server(("127.0.0.1", 0))
if libc.unshare(CLONE_NEWNET) != 0:
    print("cannot tell: no network namespace")
    sys.exit(2)


def connect(one):
    try:
        one.connect(service.getsockname())
        return "connected"
    except OSError as error:
        return errno.errorcode[error.errno]


seen = {"new socket": connect(socket.socket()), "listening socket": connect(handed)}
handed.shutdown(socket.SHUT_RD)
seen["after shutdown"] = connect(handed)
for name, what in seen.items():
    print(f"{name}: {what}")
sys.exit(list(seen.values()) != ["ENETUNREACH", "EISCONN", "connected"])
PYTHON
