import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { command } from "../command.js";

/**
 * Kernel features that a guest needs and a distribution builds as modules; with the kind of ports if only one needs it.
 */
const WANTED: readonly (readonly [name: string, ports?: "serial" | "vsock"])[] = [
  ["virtio_mmio"],
  ["virtio_blk"],
  ["virtio_console", "serial"],
  ["vmw_vsock_virtio_transport", "vsock"],
  ["erofs"],
  ["overlay"],
];

/** A module to load, in order. */
export interface Module {
  readonly file: string;
  readonly ports: "serial" | "vsock" | null;
  readonly content: Buffer;
}

/**
 * The wanted modules below a `lib/modules/RELEASE` directory with all dependencies, in loading order, unpacked. Leaves
 * out modules that are built into the kernel.
 *
 * Throws KERNEL_UNAVAILABLE if one is neither present nor built in.
 */
export async function collectModules(directory: string): Promise<readonly Module[]> {
  const files = await moduleFiles(directory);
  const builtIn = new Set((await readFile(join(directory, "modules.builtin"), "utf8")).split("\n").map(nameOf));
  const collected = new Map<string, Module>();
  const add = async (name: string, ports: Module["ports"]): Promise<void> => {
    const known = collected.get(name);
    if (known !== undefined) {
      // Both kinds of ports need it after all.
      if (known.ports !== ports && known.ports !== null) collected.set(name, { ...known, ports: null });
      return;
    }
    const path = files.get(name);
    if (path === undefined) {
      if (builtIn.has(name)) return;
      throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "find module", path: directory, detail: name });
    }
    const content = await unpacked(path);
    for (const needed of dependencies(content)) await add(needed, ports);
    collected.set(name, { file: `${name}.ko`, ports, content });
  };
  for (const [name, ports] of WANTED) await add(name, ports ?? null);
  return [...collected.values()];
}

/** The text of `/modules/order` in the initramfs. */
export function moduleOrder(modules: readonly Pick<Module, "file" | "ports">[]): string {
  return modules.map(({ file, ports }) => `${file}${ports === null ? "" : ` ${ports}`}\n`).join("");
}

/**
 * The names in a module's `depends=`. The section `.modinfo` is a list of NUL-terminated strings, and no other section
 * contains a string that begins like this.
 */
export function dependencies(module: Buffer): readonly string[] {
  const begin = module.indexOf("\0depends=", 0, "latin1");
  if (begin === -1) return [];
  const text = module.toString("latin1", begin + 9, module.indexOf(0, begin + 9));
  return text === "" ? [] : text.split(",").map(nameOf);
}

async function moduleFiles(directory: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(join(directory, "kernel"), { recursive: true });
  const modules = entries.filter((path) => /\.ko(?:\.xz|\.zst)?$/.test(path));
  return new Map(modules.map((path) => [nameOf(path), join(directory, "kernel", path)]));
}

async function unpacked(path: string): Promise<Buffer> {
  const bytes = await readFile(path);
  if (path.endsWith(".xz")) return command("xz", ["-dcq"], { input: bytes });
  if (path.endsWith(".zst")) return command("zstd", ["-dcq"], { input: bytes });
  return bytes;
}

/** A module's name: the kernel treats dashes and underscores alike. */
function nameOf(path: string): string {
  return basename(path)
    .replace(/\.ko.*$/, "")
    .replaceAll("-", "_");
}
