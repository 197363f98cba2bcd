import { existsSync, statSync } from "node:fs";
import { mkdtemp, open, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Writable } from "node:stream";
import { command as runProgram } from "./command.js";
import { busybox, kernel, packages } from "./downloads.js";
import { MachineError } from "./errors.js";
import { follow, type Outcome } from "./follow.js";
import { initramfs } from "./initramfs.js";
import { type Emulator, startQemu } from "./qemu.js";
import type { GuestCommand, MachineSettings } from "./settings.js";
import { type Share, type ShareSource, serve } from "./share.js";

const PREFIX = "bulkhead-hosts-";
const DISK_BYTES = 8 * 2 ** 30;

/**
 * Boots a machine, runs one command in it, and leaves nothing behind but the downloads.
 * @throws MachineError if this machine lacks something, or the guest never said how the command ended
 */
export async function runMachine(
  settings: MachineSettings,
  command: GuestCommand,
  to: { readonly out: Writable; readonly err: Writable },
  abort: AbortSignal,
): Promise<Outcome> {
  const missing = unavailable();
  if (missing !== undefined) throw new MachineError(missing);
  const tool = await busybox();
  const image = await kernel(settings.kernel);
  const sources: ShareSource[] = [
    { tag: "host", source: "/", mode: "ro" },
    { tag: "modules", source: image.modules, target: `/lib/modules/${image.release}`, mode: "ro" },
  ];
  if (settings.packages.length > 0)
    sources.push({ tag: "packages", source: await packages([...settings.packages].sort()), mode: "ro" });
  sources.push(...(await directories(settings, command)));

  await removeLeftovers();
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const shares: Share[] = [];
  let emulator: Emulator | undefined;
  try {
    for (const source of sources) shares.push(await serve(directory, source));
    const files = {
      initrd: join(directory, "initrd"),
      disk: join(directory, "disk"),
      console: resolve(settings.console ?? join(directory, "console")),
    };
    await writeFile(files.console, "");
    await writeFile(files.initrd, await initramfs(tool, image, settings, sources, command));
    await makeDisk(files.disk);
    emulator = startQemu(image, settings, shares, files);
    return await follow(emulator, to, settings.timeoutS, files.console, abort);
  } finally {
    emulator?.process.kill("SIGKILL");
    for (const { server } of shares) server.kill("SIGTERM");
    await rm(directory, { recursive: true, force: true });
  }
}

/** What runs that were killed have left: the directory says whose it was. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? /^\d+/.exec(name.slice(PREFIX.length))?.[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** Why no machine can be booted here, with the remedy; or undefined. */
export function unavailable(): string | undefined {
  if (process.getuid?.() !== 0)
    return "must run as root: the guest's root is this machine's own, read-only, and only root can serve all of it";
  if (process.arch !== "x64") return "emulates x86-64 with this machine's own programs, so it needs an x86-64 machine";
  if (!existsSync("/usr/bin/qemu-system-x86_64"))
    return "qemu-system-x86_64 is missing: apt-get install qemu-system-x86";
  return undefined;
}

/** The directories to share: those asked for, and what the command needs that the guest's root does not show. */
async function directories(settings: MachineSettings, command: GuestCommand): Promise<readonly ShareSource[]> {
  const wanted = [...settings.shares];
  for (const path of command.needs) if (isHidden(path)) wanted.push({ path, mode: "cow" });
  const found: Omit<ShareSource, "tag">[] = [];
  for (const { path, mode } of wanted) {
    const source = await realpath(path).catch(() => undefined);
    if (source === undefined || !statSync(source).isDirectory()) throw new MachineError(`${path}: no such directory`);
    found.push({ source, target: source, mode });
  }
  found.sort((a, b) => (a.source < b.source ? -1 : 1)); // an outer directory is mounted before an inner one
  return found.map((share, index) => ({ tag: `share${index}`, ...share }));
}

/** On another filesystem than the root, or where the guest has directories of its own. */
function isHidden(path: string): boolean {
  return statSync(path).dev !== statSync("/").dev || /^\/(tmp|run|dev|proc|sys|var\/lib\/bulkhead)(\/|$)/.test(path);
}

/**
 * A real disk for what tests write: the root is an overlay, and neither it nor bookworm's tmpfs can be mounted
 * idmapped, nor be an overlay's upper layer. Sparse, and lost at the end like everything else, so it has no journal.
 */
async function makeDisk(path: string): Promise<void> {
  const file = await open(path, "w");
  await file.truncate(DISK_BYTES);
  await file.close();
  await runProgram([
    "/sbin/mkfs.ext4",
    "-q",
    "-F",
    "-m",
    "0",
    "-O",
    "^has_journal",
    "-E",
    "nodiscard,lazy_itable_init=1",
    path,
  ]);
}
