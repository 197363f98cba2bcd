import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { pidNamespace, startTime } from "../host/process-identity.js";
import { defined } from "../values/defined.js";

const DIRECTORY = "/sys/kernel/security/apparmor";
/**
 * `bulkhead-<pid namespace>-<pid>-<start>-<plan>`: the loading process, distinct from a later one with the same pid.
 */
const OURS = /^bulkhead-(\d+)-(\d+)-(\d+)-[a-z0-9]+$/;

/** The name under which this process loads a profile. */
export function profileName(suffix: string): string {
  return `bulkhead-${pidNamespace()}-${process.pid}-${startTime(process.pid) ?? 0}-${suffix}`;
}

/** Loads a compiled profile for as long as it is held. Needs root. @throws BulkheadError APPARMOR_FAILED */
export function loadProfile(name: string, compiled: Uint8Array): Disposable {
  removeStale();
  write(".load", compiled);
  return { [Symbol.dispose]: () => remove(name) };
}

/**
 * Removes profiles of processes that are gone without having removed them. Only those of this process's own pid
 * namespace: it cannot tell whether processes of others live, and removing the profile of a running program would
 * unconfine it.
 */
function removeStale(): void {
  const here = pidNamespace();
  for (const line of readFileSync(`${DIRECTORY}/profiles`, "utf8").split("\n")) {
    const name = line.replace(/ \([a-z]+\)$/, "");
    const [, namespace, pid, start] = OURS.exec(name) ?? [];
    if (pid === undefined || namespace !== here || startTime(Number(pid)) === start) continue;
    if (!isInUse(name)) remove(name);
  }
}

/** The loading process was killed and its program will be soon: the next process then removes the profile. */
function isInUse(name: string): boolean {
  return readdirSync("/proc").some((entry) => /^\d+$/.test(entry) && labelOf(entry).startsWith(name));
}

function labelOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/attr/apparmor/current`, "utf8");
  } catch {
    return "";
  }
}

/** A profile that is already gone is the wanted result. */
function remove(name: string): void {
  try {
    writeFileSync(`${DIRECTORY}/.remove`, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw failed(".remove", error);
  }
}

function write(file: string, content: Uint8Array): void {
  try {
    writeFileSync(`${DIRECTORY}/${file}`, content);
  } catch (error) {
    throw failed(file, error);
  }
}

function failed(file: string, cause: unknown): BulkheadError {
  const errno = cause instanceof Error && "errno" in cause ? Math.abs(Number(cause.errno)) : undefined;
  return new BulkheadError("APPARMOR_FAILED", {
    operation: "write",
    path: `${DIRECTORY}/${file}`,
    ...defined({ errno }),
    cause,
  });
}
