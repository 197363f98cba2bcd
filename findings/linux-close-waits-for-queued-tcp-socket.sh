#!/bin/sh
# What: Linux (seen on 6.18), SO_LINGER of a TCP socket that travels in a message of a Unix socket (SCM_RIGHTS).
# Behaviour: a process that closes a Unix socket waits for the linger time of a TCP socket that lies unread in its
#   queue, up to the number of seconds that the sender chose. The process never received that socket, and has no
#   descriptor of it; the kernel drops its last reference in the process that closes the queue. A signal with a handler
#   ends the wait.
# Guess: lingering concerns the process that called setsockopt, or the one that closes a descriptor of the TCP socket.
# Seen (2026-11-30): own descriptor 0.0 s, Unix socket 2.0 s, Unix socket with a signal after 0.1 s: 0.1 s
set -eu
[ "$(uname -s)" = Linux ] && command -v python3 >/dev/null || { echo "needs python3 on Linux"; exit 2; }
python3 - <<'EOF'
import array, signal, socket, struct, sys, time

LINGER = 2


def lingering():
    """A connection on the loopback with unread data; the peer stays open."""
    listener = socket.create_server(("127.0.0.1", 0))
    stream = socket.create_connection(listener.getsockname())
    peer, _ = listener.accept()
    stream.setblocking(False)
    try:
        while True:
            stream.send(bytes(65536))
    except BlockingIOError:
        pass
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER))
    return stream, peer


def seconds(close):
    start = time.monotonic()
    close()
    return time.monotonic() - start


def queued():
    stream, peer = lingering()
    sender, receiver = socket.socketpair()
    sender.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [stream.fileno()]))])
    return seconds(stream.close), receiver, peer


own, receiver, _peer = queued()
waits = seconds(receiver.close)
_, receiver, _other = queued()
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.1)
woken = seconds(receiver.close)
print(f"own descriptor {own:.1f} s, Unix socket {waits:.1f} s, Unix socket with a signal after 0.1 s: {woken:.1f} s")
sys.exit(0 if own < 0.5 and waits > LINGER - 0.5 and woken < 0.5 else 1)
EOF
