import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
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
  readonly error?: {
    readonly code: string;
    readonly operation: string;
    readonly path?: string;
    readonly detail?: string;
  };
}

/** Runs it on one layer. */
export async function unpack(dest: string, layer: Uint8Array, ...flags: readonly string[]): Promise<UnpackAnswer> {
  const child = spawn(unpacker, ["--dest", dest, ...flags], { stdio: ["pipe", "pipe", "inherit"], env: {} });
  // It stops reading as soon as it refuses.
  child.stdin.on("error", () => undefined);
  child.stdin.end(layer);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { exitCode, ...(JSON.parse(Buffer.concat(chunks).toString()) as object) };
}

/** Every name below a directory, sorted, as latin1, with what it is: `a/`, `b=content`, `c->target`. */
export async function listing(directory: string): Promise<string[]> {
  const found: string[] = [];
  await add(Buffer.from(directory), "");
  return found.sort();

  async function add(at: Buffer, prefix: string): Promise<void> {
    for (const name of await readdir(at, { encoding: "buffer" })) {
      const path = Buffer.concat([at, Buffer.from("/"), name]);
      const shown = `${prefix}${name.toString("latin1")}`;
      const stat = await lstat(path);
      if (stat.isDirectory()) {
        found.push(`${shown}/`);
        await add(path, `${shown}/`);
      } else if (stat.isSymbolicLink()) found.push(`${shown}->${await readlink(path, "latin1")}`);
      else if (stat.isFile()) found.push(`${shown}=${await readFile(path, "latin1")}`);
      else found.push(`${shown}?`);
    }
  }
}
