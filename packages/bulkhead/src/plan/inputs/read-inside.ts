import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** `O_PATH`, which Node does not name: opens a directory without reading it. */
const O_PATH = 0o10000000;
const LARGEST = 1024 * 1024;

/**
 * Reads a small regular file of a root that may be hostile. Opens each component from the descriptor of the one before
 * it and never through a link, so that no race leads outside; does not block on a FIFO or device. Undefined if there is
 * no such regular file of at most 1 MiB.
 */
export function readInside(root: string, path: string): string | undefined {
  const parts = path.split("/").filter((part) => part !== "");
  const name = parts.pop() ?? "";
  const opened: number[] = [];
  try {
    let here = track(opened, root, O_PATH | constants.O_DIRECTORY);
    for (const part of parts) {
      here = track(opened, `/proc/self/fd/${here}/${part}`, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    }
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
    return readSmall(track(opened, `/proc/self/fd/${here}/${name}`, flags));
  } catch {
    return undefined;
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

function track(opened: number[], path: string, flags: number): number {
  const descriptor = openSync(path, flags);
  opened.push(descriptor);
  return descriptor;
}

function readSmall(descriptor: number): string | undefined {
  const stat = fstatSync(descriptor);
  if (!stat.isFile() || stat.size > LARGEST) return undefined;
  const buffer = Buffer.allocUnsafe(stat.size + 1);
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (count === 0) return buffer.toString("utf8", 0, length);
    length += count;
    if (length === buffer.length) return undefined; // it grew while it was read
  }
}
