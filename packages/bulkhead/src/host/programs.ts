import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * Where a program that is not ours may be, best first: the one that the variable `override` names, whether it is there or not;
 * otherwise every one that can be executed: where set-up puts what it builds, then along the PATH.
 */
export function programPaths(name: string, override?: string, env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = override === undefined ? undefined : env[override];
  if (named !== undefined && named !== "") return [named];
  const path = (env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
  return [toolsDirectory(env), ...path].map((directory) => join(directory, name)).filter(isExecutable);
}

/** Why nothing is used where the variable `variable` names `path`, and the cure. No other is used instead: whoever set it meant that one. */
export function namesNoProgram(variable: string, path: string): string {
  return `${variable} names ${JSON.stringify(path)}, which is no file that can be executed: name one that is, or unset it`;
}

/** Programs of this user's that set-up built, since no package has them. */
export function toolsDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const data = env["XDG_DATA_HOME"];
  const base = data !== undefined && isAbsolute(data) ? data : join(homedir(), ".local", "share");
  return join(base, "bulkhead", "tools");
}

/** Whether a path leads to a file that this user may execute. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
