import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

/** Variables that name a program to be used in the place of what would be found. */
const VARIABLES: Readonly<Record<string, string>> = {
  runsc: "BULKHEAD_RUNSC",
  "qemu-system-x86_64": "BULKHEAD_QEMU",
  firecracker: "BULKHEAD_FIRECRACKER",
};

/**
 * Where a program that is not ours may be, best first: the one that its variable names, whether it is there or not;
 * otherwise every one that can be executed: where set-up puts what it builds, then along the PATH.
 */
export function programPaths(name: string, env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const variable = VARIABLES[name];
  const named = variable === undefined ? undefined : env[variable];
  if (named !== undefined && named !== "") return [named];
  const path = (env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
  return [toolsDirectory(env), ...path].map((directory) => join(directory, name)).filter(isExecutable);
}

/**
 * Why a path that {@link programPaths} gave for this program cannot be used, and the cure; undefined: it can. No other is used instead:
 * whoever set the variable meant that one.
 */
export function whyUnusable(name: string, path: string): string | undefined {
  if (isExecutable(path)) return undefined;
  const variable = VARIABLES[name] ?? "PATH";
  return `${variable} names ${JSON.stringify(path)}, which is no file that can be executed: name one that is, or unset it`;
}

/** Programs of this user's that set-up built, since no package has them. */
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
