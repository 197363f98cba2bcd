import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, readlink } from "node:fs/promises";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** The program under test, without any sandbox: what protects the host here is the program alone. */
export const unpacker =
  process.env["BULKHEAD_UNPACK"] ??
  fileURLToPath(new URL("../../../packages/bulkhead/bin/bulkhead-unpack", import.meta.url));

/** Why it cannot be tested, if it was not built. */
export const missing = existsSync(unpacker) ? undefined : `${unpacker} is not built`;

export interface UnpackAnswer {
  readonly exitCode: number | null;
  readonly entries?: number;
  readonly bytes?: number;
  readonly diffId?: string;
  readonly dropped?: Readonly<Record<string, number>>;
  readonly hidden?: { readonly names: number; readonly directories: number; readonly everything: boolean };
  readonly error?: {
    readonly code: string;
    readonly operation: string;
    readonly path?: string;
    readonly detail?: string;
  };
}

/** Runs it on one layer: files go to `dest`, and whiteouts of what is there as well beside it. */
export async function unpack(
  dest: string,
  layer: Uint8Array | Iterable<Uint8Array>,
  ...flags: readonly string[]
): Promise<UnpackAnswer> {
  await mkdir(hiddenOf(dest), { recursive: true });
  const arguments_ = ["--dest", dest, "--hidden", hiddenOf(dest), ...flags];
  const child = spawn(unpacker, arguments_, { stdio: ["pipe", "pipe", "inherit"], env: {} });
  // It stops reading as soon as it refuses.
  child.stdin.on("error", () => undefined);
  if (layer instanceof Uint8Array) child.stdin.end(layer);
  else Readable.from(layer).pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { exitCode, ...(JSON.parse(Buffer.concat(chunks).toString()) as object) };
}

export function hiddenOf(dest: string): string {
  return `${dest}.hidden`;
}

/** Every name below a directory, sorted, as latin1, with what it is: `a/`, `b=content`, `c->target`. */
export async function listing(directory: string): Promise<string[]> {
  return await mergedListing([directory]);
}

/** The same of directories on top of each other, the topmost first, as overlayfs would show them. */
export async function mergedListing(directories: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  await add(
    directories.map((directory) => Buffer.from(directory)),
    "",
  );
  return found.sort();

  async function add(parts: readonly Buffer[], prefix: string): Promise<void> {
    // Of each name: the directories that it is, or null when that is decided.
    const names = new Map<string, Buffer[] | null>();
    for (const part of parts) {
      const ended: string[] = [];
      for (const name of await readdir(part, { encoding: "buffer" })) {
        const key = name.toString("latin1");
        const known = names.get(key);
        if (known === null) continue;
        const path = Buffer.concat([part, Buffer.from("/"), name]);
        const stat = await lstat(path);
        if (stat.isDirectory()) names.set(key, [...(known ?? []), path]);
        else {
          ended.push(key);
          if (known === undefined && !stat.isCharacterDevice()) found.push(`${prefix}${await show(key, path)}`);
        }
      }
      for (const key of ended) {
        const below = names.get(key);
        if (below) await directory(key, below);
        names.set(key, null);
      }
    }
    for (const [key, below] of names) if (below !== null) await directory(key, below);

    async function directory(key: string, below: readonly Buffer[]): Promise<void> {
      found.push(`${prefix}${key}/`);
      await add(below, `${prefix}${key}/`);
    }
  }
}

async function show(name: string, path: Buffer): Promise<string> {
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) return `${name}->${await readlink(path, "latin1")}`;
  return stat.isFile() ? `${name}=${await readFile(path, "latin1")}` : `${name}?`;
}
