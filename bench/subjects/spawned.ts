import { spawn } from "node:child_process";
import type { Subject } from "../subject.js";

/** Runs `argv` as `child_process.spawn` does it, with both outputs collected, since that is what a result holds. */
export function spawned(
  name: string,
  argv: readonly string[],
  cleanUp: () => Promise<void> = async () => {},
  env: Readonly<Record<string, string>> = {},
): Subject {
  return { name, run: () => spawnOnce(name, argv, env), [Symbol.asyncDispose]: cleanUp };
}

function spawnOnce(name: string, [file = "", ...args]: readonly string[], env: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${name} ended with ${code ?? signal}: ${output}`));
    });
  });
}
