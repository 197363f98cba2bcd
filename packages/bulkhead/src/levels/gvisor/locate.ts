import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

/** Where `runsc` may be, best first: the one that is named, the one that `bulkhead setup gvisor` built, the system's. Without links, which are not mounted. */
export function candidates(): readonly string[] {
  const named = process.env["BULKHEAD_RUNSC"];
  if (named !== undefined && named !== "") return [isExecutable(named) ? realpathSync(named) : named];
  const path = (process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
  const places = [toolsDirectory(), ...path].map((directory) => join(directory, "runsc"));
  return [...new Set(places.filter(isExecutable).map((place) => realpathSync(place)))];
}

/** Programs of this user's that no package has. */
export function toolsDirectory(): string {
  const data = process.env["XDG_DATA_HOME"];
  const base = data !== undefined && isAbsolute(data) ? data : join(homedir(), ".local", "share");
  return join(base, "bulkhead", "tools");
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
