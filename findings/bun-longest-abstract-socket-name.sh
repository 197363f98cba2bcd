#!/bin/sh
# what: Bun 1.4.5 (npm), net.connect to an abstract Unix socket; beside it the Node that is installed, and connect(2) by
# python3. behaviour: Bun refuses (EINVAL) the one name that fills sun_path (108 bytes with its leading zero), and
# reaches one of 107. Node before 22 is the other way round: it pads every name with zeros to 108 bytes, so that it
# reaches the longest name only. A listener that wants both as callers has no name for them. guessed: every runtime
# takes each name that the kernel takes: 1 to 107 bytes behind the zero. seen: 2026-11-30, Linux x86-64: "connect(2):
# 107 yes, 108 yes", "bun 1.4.5: 107 yes, 108 EINVAL", "node v20.20.2: 107 ECONNREFUSED, 108 yes".
set -eu
command -v python3 >/dev/null && command -v npm >/dev/null || { echo "needs python3 and npm"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --no-audit --no-fund bun@1.4.5 >install.log 2>&1 || { tail -3 install.log; exit 2; }
bun="$work/node_modules/.bin/bun"
"$bun" --version >/dev/null 2>&1 || { echo "no bun for this machine"; exit 2; }

# Listens on a name of so many bytes with the leading zero, and takes what comes as long as its stdin is open.
cat >listen.py <<'END'
import random, socket, sys, threading
length = int(sys.argv[1])
name = "".join(random.choice("abcdefgh") for _ in range(length - 1))
server = socket.socket(socket.AF_UNIX)
server.bind(b"\0" + name.encode())
server.listen()
held = []
def serve():
    while True:
        held.append(server.accept())
threading.Thread(target=serve, daemon=True).start()
with socket.socket(socket.AF_UNIX) as client:
    client.connect(b"\0" + name.encode())
print(name, flush=True)
sys.stdin.read()
END
cat >connect.mjs <<'END'
import net from "node:net";
const socket = net.connect({ path: `\0${process.argv[2]}` });
socket.once("connect", () => { console.log("yes"); process.exit(); });
socket.once("error", ({ code }) => { console.log(code); process.exit(); });
END

# try RUNTIME LENGTH: what it says
try() {
  rm -f in name
  mkfifo in name
  python3 listen.py "$2" <in >name &
  exec 3>in
  read -r listening <name || { echo "no"; exec 3>&-; return; }
  if [ "$1" = kernel ]; then echo yes; else "$1" connect.mjs "$listening"; fi
  exec 3>&-
  wait
}

kernel="$(try kernel 107) $(try kernel 108)"
short=$(try "$bun" 107)
long=$(try "$bun" 108)
echo "connect(2): $kernel"
echo "bun $("$bun" --version): 107 $short, 108 $long"
command -v node >/dev/null && echo "node $(node --version): 107 $(try node 107), 108 $(try node 108)"
[ "$kernel" = "yes yes" ] || exit 2
[ "$short" = yes ] && [ "$long" = EINVAL ]
