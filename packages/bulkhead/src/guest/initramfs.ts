import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CpioEntry, cpio } from "./cpio.js";
import type { Kernel } from "./kernel/store.js";
import { kernelsPath } from "./location.js";

const DIRECTORY = 0o40755;
const PROGRAM = 0o100755;
const FILE = 0o100644;

/** An initramfs, ready for a VMM. */
export interface Initramfs {
  readonly path: string;
  /** SHA-256 of its inputs. */
  readonly digest: string;
}

/** Digests of wardens by file state. */
const known = new Map<string, { readonly fingerprint: string; readonly digest: string }>();

/** The initramfs for this kernel and warden: built once, then found by the digest of both. */
export async function initramfsFor(kernel: Kernel, wardenPath: string): Promise<Initramfs> {
  const digest = createHash("sha256")
    .update(`${kernel.digest} ${await digestOfWarden(wardenPath)}`)
    .digest("hex");
  const directory = join(kernelsPath(), kernel.name, "initramfs");
  const path = join(directory, `${digest}.cpio`);
  if ((await stat(path).catch(() => undefined)) !== undefined) return { path, digest };
  const bytes = cpio(await entries(kernel, wardenPath));
  await mkdir(directory, { recursive: true });
  const made = join(directory, `.new-${randomBytes(6).toString("hex")}`);
  try {
    await writeFile(made, bytes, { flag: "wx" });
    await rename(made, path);
  } catch (error) {
    await rm(made, { force: true });
    throw error;
  }
  await forgetOlder(directory);
  return { path, digest };
}

async function entries({ modulesPath }: Kernel, wardenPath: string): Promise<readonly CpioEntry[]> {
  const order = await readFile(join(modulesPath, "order"));
  const files = order
    .toString()
    .split("\n")
    .flatMap((line) => line.split(" ").slice(0, 1))
    .filter((file) => file !== "");
  const directories = ["dev", "modules", "root"].map((name) => ({ name, mode: DIRECTORY, content: new Uint8Array() }));
  return [
    ...directories,
    { name: "init", mode: PROGRAM, content: await readFile(wardenPath) },
    { name: "modules/order", mode: FILE, content: order },
    ...(await Promise.all(
      files.map(async (file) => ({
        name: `modules/${file}`,
        mode: FILE,
        content: await readFile(join(modulesPath, file)),
      })),
    )),
  ];
}

/**
 * Each new warden needs a new one; the last few are enough. A starting VMM that has a removed one open can still read
 * it.
 */
async function forgetOlder(directory: string): Promise<void> {
  const KEPT = 4;
  const names = (await readdir(directory)).filter((name) => name.endsWith(".cpio"));
  const aged = await Promise.all(
    names.map(async (name) => ({
      name,
      age: (await stat(join(directory, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  const old = aged.sort((one, other) => other.age - one.age).slice(KEPT);
  await Promise.all(old.map(({ name }) => rm(join(directory, name), { force: true })));
}

async function digestOfWarden(path: string): Promise<string> {
  const { ino, size, mtimeMs, ctimeMs } = await stat(path);
  const fingerprint = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  const found = known.get(path);
  if (found?.fingerprint === fingerprint) return found.digest;
  const digest = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  known.set(path, { fingerprint, digest });
  return digest;
}
