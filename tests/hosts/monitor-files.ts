import { existsSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { kernelsPath } from "../../packages/bulkhead/src/guest/location.js";

/** Virtual machine monitors that need a KVM that works. */
export type MonitorName = "firecracker" | "qemu-kvm";

/** What a guest is given for a monitor of this machine's. */
export interface MonitorFiles {
  readonly needs: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export const noMonitor: MonitorFiles = { needs: [], env: {} };

/** An emulated machine's own guests take long to boot. */
const TRY_MS = 300_000;

/** Its program and a kernel, as this machine has them; or why there is none. */
export function monitorFiles(monitor: MonitorName): MonitorFiles | string {
  const kernels = kernelsPath();
  if (!existsSync(kernels)) return "no kernel for guests: ./bulkhead setup microvm";
  const env = { BULKHEAD_VMM: monitor, BULKHEAD_KERNELS: kernels, BULKHEAD_VMM_TRY_MS: String(TRY_MS) };
  if (monitor === "qemu-kvm") return { needs: [kernels], env };
  const named = process.env["BULKHEAD_FIRECRACKER"] ?? "";
  if (!existsSync(named)) return "no Firecracker: BULKHEAD_FIRECRACKER=FILE";
  const program = realpathSync(named);
  return { needs: [kernels, dirname(program)], env: { ...env, BULKHEAD_FIRECRACKER: program } };
}
