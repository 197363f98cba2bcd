import { execFile } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { BulkheadError } from "../../../errors/bulkhead-error.js";

/** A file of the host, and where the jail has it. */
export interface JailFile {
  readonly source: string;
  readonly at: string;
}

/** What QEMU opens of the host, and nothing else of it. */
export interface QemuFiles {
  readonly program: string;
  readonly files: readonly JailFile[];
  readonly libraryPath: string;
}

const LOADERS = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"] as const;
/** Firmware of the machine `microvm` with and without ACPI, and the stub that enters an ELF kernel by PVH. */
const FIRMWARE = ["bios-microvm.bin", "qboot.rom", "pvh.bin"] as const;
const FIRMWARE_DIRECTORIES = ["/usr/share/qemu", "/usr/share/seabios", "/usr/lib/ipxe/qemu"] as const;
const LIST_MS = 5000;

/**
 * Finds what a QEMU needs: libraries as the dynamic loader resolves them, the accelerator's module, firmware.
 * @throws BulkheadError VMM_UNAVAILABLE
 */
export async function qemuFiles(path: string): Promise<QemuFiles> {
  const program = realpathSync(path);
  const loader = LOADERS.find((each) => existsSync(each));
  if (loader === undefined) throw new BulkheadError("VMM_UNAVAILABLE", { operation: "find the dynamic loader" });
  const modules = moduleDirectories(program)
    .map((directory) => join(directory, "accel-tcg-x86_64.so"))
    .filter((file) => existsSync(file));
  const libraries = new Set<string>();
  for (const file of [program, ...modules]) for (const found of await libraryList(loader, file)) libraries.add(found);
  const firmware = FIRMWARE.flatMap((name) => {
    const found = FIRMWARE_DIRECTORIES.map((directory) => join(directory, name)).find((file) => existsSync(file));
    // All in the one directory that QEMU is told to look in.
    return found === undefined ? [] : [{ source: realpathSync(found), at: `/vm/firmware/${name}` }];
  });
  const same = (at: string): JailFile => ({ source: realpathSync(at), at });
  return {
    program,
    files: [same(program), same(loader), ...[...libraries].map(same), ...modules.map(same), ...firmware],
    libraryPath: [...new Set([...libraries].map(dirname))].join(":"),
  };
}

function moduleDirectories(program: string): readonly string[] {
  const prefix = dirname(dirname(program));
  return [`${prefix}/lib/x86_64-linux-gnu/qemu`, `${prefix}/lib64/qemu`, `${prefix}/lib/qemu`];
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
