import { execFile } from "node:child_process";
import { realpathSync } from "node:fs";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { BulkheadError } from "../../errors/bulkhead-error.js";

/** A host file, and its path in the jail. */
export interface JailFile {
  readonly source: string;
  readonly at: string;
}

const HEAD_BYTES = 4096;
const LIST_MS = 5000;
/** `p_type` of the program header that names the dynamic loader, in the System V ABI. */
const PT_INTERP = 3;

/** A host file at its own path. */
export const inPlace = (at: string): JailFile => ({ source: realpathSync(at), at });

/**
 * The dynamic loader and the libraries of a program, and of files that it loads at run time (`more`); empty for a
 * static one.
 * @throws BulkheadError VMM_UNAVAILABLE
 */
export async function librariesOf(program: string, more: readonly string[] = []): Promise<readonly JailFile[]> {
  const loader = await loaderOf(program);
  if (loader === undefined) return [];
  const libraries = new Set<string>();
  for (const file of [program, ...more]) for (const found of await libraryList(loader, file)) libraries.add(found);
  return [loader, ...libraries].map(inPlace);
}

/** The loader that a 64-bit ELF program names; undefined if it is static. */
async function loaderOf(program: string): Promise<string | undefined> {
  const head = await headOf(program);
  const wrong = (cause?: unknown) =>
    new BulkheadError("VMM_UNAVAILABLE", { operation: "read program", path: program, cause });
  if (head.toString("latin1", 0, 5) !== "\x7fELF\x02") throw wrong();
  try {
    const [begin, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
    for (let at = begin; at < begin + size * count; at += size) {
      if (head.readUInt32LE(at) !== PT_INTERP) continue;
      const [offset, length] = [Number(head.readBigUInt64LE(at + 8)), Number(head.readBigUInt64LE(at + 32))];
      return head.toString("latin1", offset, offset + length - 1);
    }
    return undefined;
  } catch (cause) {
    throw wrong(cause);
  }
}

async function headOf(path: string): Promise<Buffer> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    throw new BulkheadError("VMM_UNAVAILABLE", { operation: "read program", path, cause });
  }
}

/** `LOADER --list FILE` loads it without running any of it. */
async function libraryList(loader: string, file: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(loader, ["--list", file], { timeout: LIST_MS, env: {} }).catch(
    (cause: unknown) => {
      throw new BulkheadError("VMM_UNAVAILABLE", { operation: "list libraries", path: file, cause });
    },
  );
  return stdout.split("\n").flatMap((line) => {
    const path = /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1];
    return path === undefined || path.includes("/ld-linux") ? [] : [path];
  });
}
