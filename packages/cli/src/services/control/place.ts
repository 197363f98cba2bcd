import { lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { BulkheadError } from "bulkhead";
import { runsDirectory, socketOf } from "../../live/place.js";

/** Socket of the supervisor of a service: in a directory that only this user can enter. Undefined if there is none. */
export function controlSocket(name: string, create = false): string | undefined {
  const directory = runsDirectory(process.getuid?.() ?? 0, create);
  return directory === undefined ? undefined : socketOf(directory, `service-${name}`);
}

/**
 * Directory for the logs of a service that runs in the background.
 * @throws BulkheadError PATH_UNUSABLE if it cannot be this user's alone
 */
export function stateDirectory(name: string): string {
  const path = join(base(), "services", name);
  const refuse = (operation: string, detail: string, cause?: unknown) =>
    new BulkheadError("PATH_UNUSABLE", { operation, path, detail, ...(cause === undefined ? {} : { cause }) });
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw refuse("create directory for logs", cause instanceof Error ? cause.message : String(cause), cause);
  }
  const stat = lstatSync(path);
  if (stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0) return path;
  throw refuse("check directory for logs", "it must be a directory that only its owner can enter (chmod 700)");
}

function base(): string {
  if (process.getuid?.() === 0) return "/var/lib/bulkhead";
  const state = process.env["XDG_STATE_HOME"];
  return join(state !== undefined && isAbsolute(state) ? state : join(homedir(), ".local/state"), "bulkhead");
}
