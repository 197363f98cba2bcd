import { accessSync, constants, statSync } from "node:fs";
import { programPaths, whyUnusable } from "../../../host/programs.js";
import type { Accelerator } from "../qemu/arguments.js";

/** A virtual machine monitor that may work here; only booting a machine can tell. */
export type Candidate =
  | { readonly name: "firecracker"; readonly path: string }
  | { readonly name: "qemu-kvm" | "qemu-tcg"; readonly path: string; readonly accelerator: Accelerator };

export type MonitorName = Candidate["name"];

const FIRECRACKER = "firecracker";
const QEMU = "qemu-system-x86_64";

/**
 * Installed monitors, and those that variables name whether or not they exist, best first. BULKHEAD_FIRECRACKER and
 * BULKHEAD_QEMU name the programs, BULKHEAD_VMM the only one to use. Leaves out those that need KVM if its device
 * cannot be opened.
 */
export function candidates(env: NodeJS.ProcessEnv = process.env): readonly Candidate[] {
  const wanted = env["BULKHEAD_VMM"] ?? "";
  const [firecracker] = programPaths(FIRECRACKER, env);
  const [qemu] = programPaths(QEMU, env);
  const kvm = canOpen("/dev/kvm");
  const found: Candidate[] = [];
  if (firecracker !== undefined && kvm) found.push({ name: "firecracker", path: firecracker });
  if (qemu !== undefined && kvm) found.push({ name: "qemu-kvm", path: qemu, accelerator: "kvm" });
  if (qemu !== undefined) found.push({ name: "qemu-tcg", path: qemu, accelerator: "tcg" });
  return wanted === "" ? found : found.filter(({ name }) => name === wanted);
}

/** Why a monitor cannot even be tried, with the remedy; undefined if it can. */
export function whyNone({ name, path }: Candidate): string | undefined {
  return whyUnusable(name === "firecracker" ? FIRECRACKER : QEMU, path);
}

/** Distinguishes builds of a program, as far as its file's metadata does. */
export function fingerprint(path: string): string {
  const { size, mtimeMs, ino } = statSync(path);
  return `${path}:${size}:${mtimeMs}:${ino}`;
}

function canOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
