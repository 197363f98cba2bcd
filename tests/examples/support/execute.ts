import { execFile } from "node:child_process";

export interface Ended {
  readonly code: number;
  readonly output: string;
}

export interface Surroundings {
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
}

/** Runs a program to its end; `output` is stdout, then stderr. */
export function execute(
  file: string,
  args: readonly string[],
  cwd: string,
  { env, uid }: Surroundings = {},
): Promise<Ended> {
  const id = uid === undefined ? {} : { uid, gid: uid };
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env: { ...process.env, ...env }, ...id }, (error, stdout, stderr) =>
      resolve({
        code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
        output: stdout + stderr,
      }),
    );
  });
}
