import type { Monitor } from "../jail.js";
import type { Machine } from "../machine.js";
import { type Accelerator, qemuArguments, TCG_BUFFER_MIB } from "./arguments.js";
import { type QemuFiles, qemuFiles } from "./files.js";

/** QEMU itself, its devices' buffers, and its libraries. */
const OVERHEAD_MIB = 96;

const known = new Map<string, Promise<QemuFiles>>();

/** QEMU as the monitor of a machine. */
export async function qemuMonitor(path: string, accelerator: Accelerator, machine: Machine): Promise<Monitor> {
  const found = known.get(path) ?? qemuFiles(path);
  known.set(path, found);
  found.catch(() => known.delete(path));
  const { program, files, libraryPath } = await found;
  return {
    // It starts QEMU, and passes it descriptors that only a process beside it can provide.
    path: "warden",
    argv: [
      ...["warden", "relay", "qemu", ...(machine.egress === true ? ["--egress"] : []), program],
      ...["-L", "/vm/firmware", ...qemuArguments(machine, accelerator)],
    ],
    env: { LD_LIBRARY_PATH: libraryPath },
    files,
    devices: accelerator === "kvm" ? ["/dev/kvm"] : [],
    seccomp: "qemu",
    overheadMib: OVERHEAD_MIB + (accelerator === "tcg" ? TCG_BUFFER_MIB : 0),
    scratchBytes: 0,
  };
}
