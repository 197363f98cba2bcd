import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MachineError } from "./errors.js";
import type { ShareMode } from "./settings.js";

const START_LIMIT_MS = 60_000;

/** A directory of this machine for the guest. Without `target` guest-init knows what to do with the tag. */
export interface ShareSource {
  readonly tag: string;
  readonly source: string;
  readonly target?: string;
  readonly mode: ShareMode;
}

/** A share being served. */
export interface Share extends ShareSource {
  readonly socket: string;
  readonly server: ChildProcess;
}

/**
 * virtiofsd takes only root's word for who may read what, so the guard is the kernel: each share has a daemon of its
 * own, which sees one bind mount in a mount namespace of its own, read-only unless the guest may write for good.
 */
const SERVE = `
mount --bind "$1" "$2" || exit
[ "$3" = rw ] || mount -o remount,bind,ro "$2" || exit
shift 3
exec "$@"`;

/** Starts serving a directory; ends with this process, or by killing `server`. */
export async function serve(directory: string, from: ShareSource): Promise<Share> {
  const view = join(directory, from.tag);
  const socket = `${view}.sock`;
  const log = `${view}.log`;
  await mkdir(view);
  const daemon = virtiofsd(socket, view);
  const argv = ["--pdeathsig", "TERM", "unshare", "-m", "sh", "-c", SERVE, "sh", from.source, view, from.mode];
  const output = openSync(log, "w");
  const server = spawn("setpriv", [...argv, ...daemon], { stdio: ["ignore", output, output] });
  const deadline = Date.now() + START_LIMIT_MS;
  while (!existsSync(socket)) {
    if (server.exitCode !== null || Date.now() > deadline) {
      server.kill();
      throw new MachineError(`virtiofsd for ${from.source} did not start:\n${await readFile(log, "utf8")}`);
    }
    await sleep(5);
  }
  return { ...from, socket, server };
}

/**
 * The C daemon of Debian 12, or the Rust one that followed it. `cache=always`, because with `auto` the guest drops a
 * file's pages at each open, and every start of Node reads 100 MB again.
 */
function virtiofsd(socket: string, view: string): readonly string[] {
  const [old, current] = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"];
  if (existsSync(old)) return [old, `--socket-path=${socket}`, "-f", "-o", `source=${view},cache=always,xattr`];
  if (existsSync(current))
    return [current, `--socket-path=${socket}`, `--shared-dir=${view}`, "--cache=always", "--xattr"];
  throw new MachineError("virtiofsd is missing: apt-get install qemu-system-common (Debian 12) or virtiofsd (later)");
}
