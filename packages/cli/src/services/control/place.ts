import { lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { runsDirectory, socketOf } from "../../live/place.js";

/** Socket of the supervisor of a service: in a directory that only this user can enter. Undefined if there is none. */
export function controlSocket(name: string, create = false): string | undefined {
  const directory = runsDirectory(process.getuid?.() ?? 0, create);
  return directory === undefined ? undefined : socketOf(directory, `service-${name}`);
}

/** Directory for the logs of a service that runs in the background; undefined if it cannot be this user's alone. */
export function stateDirectory(name: string): string | undefined {
  const path = join(base(), "services", name);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0 ? path : undefined;
}

function base(): string {
  if (process.getuid?.() === 0) return "/var/lib/bulkhead";
  const state = process.env["XDG_STATE_HOME"];
  return join(state !== undefined && isAbsolute(state) ? state : join(homedir(), ".local/state"), "bulkhead");
}
