import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { inPlace, type JailFile, librariesOf } from "../program-files.js";

/** The host files that QEMU opens, and no others. */
export interface QemuFiles {
  readonly program: string;
  readonly files: readonly JailFile[];
  readonly libraryPath: string;
}

/** Firmware of the machine `microvm` with and without ACPI, and the stub that enters an ELF kernel by PVH. */
const FIRMWARE = ["bios-microvm.bin", "qboot.rom", "pvh.bin"] as const;
const FIRMWARE_DIRECTORIES = ["/usr/share/qemu", "/usr/share/seabios", "/usr/lib/ipxe/qemu"] as const;

/**
 * Finds the files that a QEMU needs: libraries as the dynamic loader resolves them, the accelerator's module, firmware.
 * @throws BulkheadError VMM_UNAVAILABLE
 */
export async function qemuFiles(path: string): Promise<QemuFiles> {
  const program = realpathSync(path);
  const modules = moduleDirectories(program)
    .map((directory) => join(directory, "accel-tcg-x86_64.so"))
    .filter((file) => existsSync(file));
  const libraries = await librariesOf(program, modules);
  const firmware = FIRMWARE.flatMap((name) => {
    const found = FIRMWARE_DIRECTORIES.map((directory) => join(directory, name)).find((file) => existsSync(file));
    // All in the one directory that QEMU searches.
    return found === undefined ? [] : [{ source: realpathSync(found), at: `/vm/firmware/${name}` }];
  });
  return {
    program,
    files: [inPlace(program), ...libraries, ...modules.map(inPlace), ...firmware],
    libraryPath: [...new Set(libraries.map(({ at }) => dirname(at)))].join(":"),
  };
}

function moduleDirectories(program: string): readonly string[] {
  const prefix = dirname(dirname(program));
  return [`${prefix}/lib/x86_64-linux-gnu/qemu`, `${prefix}/lib64/qemu`, `${prefix}/lib/qemu`];
}
