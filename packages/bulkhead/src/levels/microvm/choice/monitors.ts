import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Accelerator } from "../qemu/arguments.js";

/** A virtual machine monitor that may work here; only booting a machine tells. */
export type Candidate =
  | { readonly name: "firecracker"; readonly path: string }
  | { readonly name: "qemu-kvm" | "qemu-tcg"; readonly path: string; readonly accelerator: Accelerator };

export type MonitorName = Candidate["name"];

const QEMU = "qemu-system-x86_64";

/**
 * Those that are here, best first. BULKHEAD_FIRECRACKER and BULKHEAD_QEMU name the programs, BULKHEAD_VMM the only one to
 * use. What needs KVM is left out where its device cannot be opened.
 */
export function candidates(env: NodeJS.ProcessEnv = process.env): readonly Candidate[] {
  const wanted = env["BULKHEAD_VMM"] ?? "";
  const firecracker = program(env["BULKHEAD_FIRECRACKER"], "firecracker", env["PATH"]);
  const qemu = program(env["BULKHEAD_QEMU"], QEMU, env["PATH"]);
  const kvm = canOpen("/dev/kvm");
  const found: Candidate[] = [];
  if (firecracker !== undefined && kvm) found.push({ name: "firecracker", path: firecracker });
  if (qemu !== undefined && kvm) found.push({ name: "qemu-kvm", path: qemu, accelerator: "kvm" });
  if (qemu !== undefined) found.push({ name: "qemu-tcg", path: qemu, accelerator: "tcg" });
  return wanted === "" ? found : found.filter(({ name }) => name === wanted);
}

/** Tells one build of a program from another, as far as its file does. */
export function fingerprint(path: string): string {
  const { size, mtimeMs, ino } = statSync(path);
  return `${path}:${size}:${mtimeMs}:${ino}`;
}

function program(named: string | undefined, name: string, searchPath = ""): string | undefined {
  if (named !== undefined && named !== "") return named;
  return searchPath
    .split(delimiter)
    .filter((directory) => directory.startsWith("/"))
    .map((directory) => join(directory, name))
    .find((path) => allowed(path, constants.X_OK));
}

function canOpen(path: string): boolean {
  return allowed(path, constants.R_OK | constants.W_OK);
}

function allowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
