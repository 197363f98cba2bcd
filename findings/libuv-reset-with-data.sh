#!/bin/sh
# what: libuv as in Node 20.20.2 (uv__stream_io in src/unix/stream.c), on Linux behaviour: a TCP reset that is in the
# socket together with data is reported as an orderly end: 'end', and no 'error' guess: ECONNRESET, as read(2) says it
# after the data and as Node says it itself when the reset comes a moment later seen: 2026-11-30, "together: data end",
# "later: data ECONNRESET", "python3: data ECONNRESET"
#
# A proxy written in Node cannot pass such a reset on: it looks like a client that has said all. The reason is in
# uv__stream_io, which takes POLLHUP after a read that filled no buffer for the end, without reading again.
set -eu
command -v node >/dev/null || exit 2
command -v python3 >/dev/null || exit 2
node --version
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# Says one byte and resets, at once or after a while.
cat >"$directory/client.py" <<'PYTHON'
import socket, struct, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.sendall(b"x")
time.sleep(float(sys.argv[2]))
s.close()
PYTHON

cat >"$directory/server.cjs" <<'JAVASCRIPT'
const { createServer } = require("node:net");
const { execFileSync, spawn } = require("node:child_process");
const [client, pause] = process.argv.slice(2);
const server = createServer({ allowHalfOpen: true }, (socket) => {
  const seen = [];
  socket.on("data", () => seen.push("data"));
  socket.on("end", () => seen.push("end"));
  socket.on("error", (error) => seen.push(error.code));
  // Busy, until the client is gone: both are there when the loop turns again.
  if (pause === "0") execFileSync("sleep", ["0.5"]);
  setTimeout(() => { console.log(seen.join(" ")); process.exit(0); }, 700);
}).listen(0, "127.0.0.1", () => spawn("python3", [client, String(server.address().port), pause]));
JAVASCRIPT

cat >"$directory/server.py" <<'PYTHON'
import socket, subprocess, sys, time
server = socket.create_server(("127.0.0.1", 0))
subprocess.Popen(["python3", sys.argv[1], str(server.getsockname()[1]), "0"])
connection, _ = server.accept()
time.sleep(0.5)
seen = []
try:
    while connection.recv(100): seen.append("data")
    seen.append("end")
except ConnectionResetError: seen.append("ECONNRESET")
print(*seen)
PYTHON

together=$(node "$directory/server.cjs" "$directory/client.py" 0)
later=$(node "$directory/server.cjs" "$directory/client.py" 0.3)
python=$(python3 "$directory/server.py" "$directory/client.py")
echo "together: $together"
echo "later:    $later"
echo "python3:  $python"
[ "$later" = "data ECONNRESET" ] && [ "$python" = "data ECONNRESET" ] || exit 2
[ "$together" = "data end" ]
