import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { kernelsPath } from "../location.js";
import { type Module, moduleOrder } from "./modules.js";
import { workPath } from "./work.js";

/** A kernel that guests can boot. */
export interface Kernel {
  /** `debian-6.1.0-50-cloud-amd64`, `built-6.1.140`. */
  readonly name: string;
  readonly release: string;
  /** Its origin, for people. */
  readonly origin: string;
  /** Whether it finds its devices through ACPI; otherwise only through its command line, and ACPI can be off. */
  readonly acpi: boolean;
  /** SHA-256 of the kernel and its modules in order; snapshots and initramfs are tied to it. */
  readonly digest: string;
  /** The ELF file. */
  readonly path: string;
  /** Contains `order` and the modules that it names. */
  readonly modulesPath: string;
}

/** Parts of a kernel that is not yet in the store. */
export interface KernelParts {
  readonly name: string;
  readonly release: string;
  readonly origin: string;
  readonly acpi: boolean;
  readonly vmlinux: Buffer;
  readonly modules: readonly Module[];
}

const NAME = /^[a-z0-9][a-z0-9.+~-]{0,95}$/;
const DEFAULT = "default";

/** Stores a kernel atomically. Replaces one with the same name. */
export async function keepKernel(parts: KernelParts): Promise<Kernel> {
  const { name, release, origin, acpi, vmlinux, modules } = parts;
  const root = kernelsPath();
  await mkdir(root, { recursive: true, mode: 0o755 });
  const made = workPath();
  await mkdir(join(made, "modules"), { recursive: true });
  try {
    await writeFile(join(made, "vmlinux"), vmlinux);
    await writeFile(join(made, "modules", "order"), moduleOrder(modules));
    for (const { file, content } of modules) await writeFile(join(made, "modules", file), content);
    const facts = { release, origin, acpi, digest: digestOf(vmlinux, modules) };
    await writeFile(join(made, "kernel.json"), `${JSON.stringify(facts)}\n`);
    const place = join(root, name);
    await rename(place, join(made, "replaced")).catch(() => undefined);
    await rename(made, place);
    await rm(join(place, "replaced"), { recursive: true, force: true });
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw unavailable("keep kernel", root, error);
  }
  return await readKernel(name);
}

/** Kernels in the store, by name. */
export async function listKernels(): Promise<readonly Kernel[]> {
  const names = (await readdir(kernelsPath()).catch(() => [])).filter((name) => NAME.test(name) && name !== DEFAULT);
  return await Promise.all(names.sort().map(readKernel));
}

/** @throws BulkheadError KERNEL_UNAVAILABLE */
export async function readKernel(name: string): Promise<Kernel> {
  const directory = join(kernelsPath(), name);
  if (!NAME.test(name)) throw unavailable("open kernel", name);
  try {
    const facts: unknown = JSON.parse(await readFile(join(directory, "kernel.json"), "utf8"));
    const { release, origin, acpi, digest } = facts as Record<string, unknown>;
    if (typeof release !== "string" || typeof origin !== "string" || typeof digest !== "string") throw new TypeError();
    if (typeof acpi !== "boolean") throw new TypeError();
    const files = { path: join(directory, "vmlinux"), modulesPath: join(directory, "modules") };
    return { name, release, origin, acpi, digest, ...files };
  } catch (error) {
    throw unavailable("open kernel", directory, error);
  }
}

/** The kernel to use by default: `BULKHEAD_KERNEL`, or the last choice of `useKernel`; undefined if there is none. */
export async function defaultKernel(): Promise<Kernel | undefined> {
  const chosen = process.env["BULKHEAD_KERNEL"];
  if (chosen !== undefined && chosen !== "") return await readKernel(chosen);
  const name = await readFile(join(kernelsPath(), DEFAULT), "utf8").catch(() => undefined);
  return name === undefined ? undefined : await readKernel(name.trim());
}

/** Makes a kernel the default. */
export async function useKernel({ name }: Pick<Kernel, "name">): Promise<void> {
  const made = workPath();
  await writeFile(made, `${name}\n`);
  await rename(made, join(kernelsPath(), DEFAULT));
}

function digestOf(vmlinux: Buffer, modules: readonly Module[]): string {
  const hash = createHash("sha256").update(vmlinux).update(moduleOrder(modules));
  for (const { content } of modules) hash.update(content);
  return hash.digest("hex");
}

function unavailable(operation: string, path: string, cause?: unknown): BulkheadError {
  return new BulkheadError("KERNEL_UNAVAILABLE", { operation, path, cause });
}
