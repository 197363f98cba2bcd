import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { errnoOf } from "./errno.js";
import type { PackedFile } from "./manifest.js";

/**
 * Directory of an installed package, looked up as Node does from the package at `from`: npm, pnpm and yarn each put it
 * elsewhere. Anyone may own it; {@link readPacked} checks each file.
 * @throws BulkheadError SETUP_MISSING
 */
export function findPackage(name: string, from: string): string {
  try {
    return dirname(createRequire(join(from, "package.json")).resolve(`${name}/package.json`));
  } catch (cause) {
    throw new BulkheadError("SETUP_MISSING", {
      operation: "find package",
      path: name,
      detail:
        "install it beside the package bulkhead, in the same version (`--omit=optional` leaves it out), or set BULKHEAD_PACKAGE to the directory of the package bulkhead where its code was bundled",
      cause,
    });
  }
}

/**
 * A file's content, if it is the one that the packages were made with: the caller gets the bytes that were hashed,
 * whatever happens to the file.
 * @throws BulkheadError INSTALLATION_ALTERED, SETUP_MISSING
 */
export function readPacked(path: string, expected: PackedFile): Buffer {
  const content = readExactly(path, expected.bytes);
  // Loaded on demand: it loads all of Node's crypto, which costs a short run milliseconds.
  const { createHash } = createRequire("/")("node:crypto") as typeof import("node:crypto");
  const found = createHash("sha256").update(content).digest("hex");
  if (found !== expected.sha256) throw altered(path, `sha256 ${found}, expected ${expected.sha256}`);
  return content;
}

function readExactly(path: string, bytes: number): Buffer {
  let fd: number;
  try {
    // A FIFO must not block this.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new BulkheadError("SETUP_MISSING", { operation: "open", path, cause, ...errnoOf(cause) });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw altered(path, "not a regular file");
    if (stat.size !== bytes) throw altered(path, `${stat.size} bytes, expected ${bytes}`);
    const content = Buffer.allocUnsafe(bytes);
    let read = 0;
    while (read < bytes) {
      const got = readSync(fd, content, read, bytes - read, read);
      if (got === 0) throw altered(path, `${read} bytes, expected ${bytes}`);
      read += got;
    }
    return content;
  } finally {
    closeSync(fd);
  }
}

function altered(path: string, detail: string): BulkheadError {
  return new BulkheadError("INSTALLATION_ALTERED", { operation: "check", path, detail });
}
