#!/bin/sh
# what: child_process.spawn of Node 20.20.2 (libuv: uv__process_child_init in src/unix/process.c), on Linux behaviour:
# 'ignore' in stdio opens /dev/null for the descriptors 0 to 2 only; any above stays closed in the child guess:
# /dev/null, as Node's documentation of options.stdio says of each of them, without a number seen: 2026-11-30, "ignored:
# closed", "by descriptor: /dev/null", "what a Node child has there: anon_inode:[eventpoll]"
#
# A program that expects a descriptor of its own at that number finds whatever it or its runtime opened first: in a
# child that is Node the event loop, so that it reads from, or closes, that. Where numbers of descriptors are a
# protocol, open /dev/null and pass it.
set -eu
command -v node >/dev/null || exit 2
node --version
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

cat >"$directory/spawn.cjs" <<'JAVASCRIPT'
const { spawnSync } = require("node:child_process");
const { openSync } = require("node:fs");
const at3 = 'if [ -e /proc/$$/fd/3 ]; then readlink /proc/$$/fd/3; else echo closed; fi';
const shell = (third) => spawnSync("/bin/sh", ["-c", at3], { stdio: ["ignore", "pipe", "inherit", third] }).stdout;
const program = 'process.stdout.write(require("node:fs").readlinkSync("/proc/self/fd/3") + "\n")'.replace("\n", "\\n");
const node = spawnSync(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit", "ignore"] }).stdout;
process.stdout.write(`ignored: ${shell("ignore")}`);
process.stdout.write(`by descriptor: ${shell(openSync("/dev/null", "r"))}`);
process.stdout.write(`what a Node child has there: ${node}`);
JAVASCRIPT

seen=$(node "$directory/spawn.cjs")
echo "$seen"
case $seen in
*"by descriptor: /dev/null"*) ;;
*) exit 2 ;;
esac
case $seen in
*"ignored: closed"*) ;;
*) exit 1 ;;
esac
