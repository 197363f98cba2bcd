import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

/** Variables that name a program to use instead of the one found. */
const VARIABLES: Readonly<Record<string, string>> = {
  runsc: "BULKHEAD_RUNSC",
  "qemu-system-x86_64": "BULKHEAD_QEMU",
  firecracker: "BULKHEAD_FIRECRACKER",
};

/**
 * Possible paths of a program that is not ours, best first: the one its variable names, whether or not it exists;
 * otherwise every executable one: where set-up puts its builds, then along the PATH.
 */
export function programPaths(name: string, env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const variable = VARIABLES[name];
  const named = variable === undefined ? undefined : env[variable];
  if (named !== undefined && named !== "") return [named];
  const path = (env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
  return [toolsDirectory(env), ...path].map((directory) => join(directory, name)).filter(isExecutable);
}

/**
 * Why a path from {@link programPaths} cannot be used, with the remedy; undefined if it can. No other path replaces it:
 * a user who sets the variable means that one.
 */
export function whyUnusable(name: string, path: string): string | undefined {
  if (isExecutable(path)) return undefined;
  const variable = VARIABLES[name] ?? "PATH";
  return `${variable} names ${JSON.stringify(path)}, which is no file that can be executed: name one that is, or unset it`;
}

/** Directory of programs that set-up built for this user, because no package contains them. */
export function toolsDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const data = env["XDG_DATA_HOME"];
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
