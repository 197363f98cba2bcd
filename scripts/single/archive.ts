import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const MARK = "BULKHEAD";

/** The form is that of warden/single/src/archive.rs. */
interface Index {
  readonly directories: (readonly [path: string, mode: number])[];
  readonly files: {
    readonly path: string;
    readonly mode: number;
    readonly bytes: number;
    readonly sha256: string;
    readonly at: number;
    readonly packed: number;
  }[];
  readonly links: (readonly [path: string, target: string])[];
}

/** Writes `launcher` with the tree at `directory` appended. The bytes depend on names, modes and contents alone. */
export function writeSingleFile(to: string, launcher: Buffer, directory: string, compression: number): void {
  const index: Index = { directories: [], files: [], links: [] };
  const fd = openSync(to, "w", 0o755);
  let at = 0;
  const append = (bytes: Uint8Array) => {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    at += bytes.length;
  };
  const visit = (below: string) => {
    for (const name of readdirSync(join(directory, below)).sort()) {
      const path = below === "" ? name : `${below}/${name}`;
      const stat = lstatSync(join(directory, path));
      const mode = stat.mode & 0o7777;
      if (stat.isSymbolicLink()) index.links.push([path, readlinkSync(join(directory, path))]);
      else if (stat.isDirectory()) {
        index.directories.push([path, mode]);
        visit(path);
      } else {
        const content = readFileSync(join(directory, path));
        const packed = gzipSync(content, { level: compression });
        index.files.push({ path, mode, bytes: content.length, sha256: sha256(content), at, packed: packed.length });
        append(packed);
      }
    }
  };
  try {
    append(launcher);
    visit("");
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(at));
    const text = Buffer.from(JSON.stringify(index));
    append(text);
    append(Buffer.concat([start, createHash("sha256").update(text).digest(), Buffer.from(MARK)]));
  } finally {
    closeSync(fd);
  }
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
