import type { Sandbox } from "bulkhead";
import { type Build, here, nameOf } from "../build.js";
import type { Absent, Subject } from "../subject.js";

/** The work in one sandbox that lives as long as the measurement: the running cost of the wall. */
export async function inside(script: string, build: Build = here, title = "container"): Promise<Subject | Absent> {
  const name = nameOf(title, build);
  let sandbox: Sandbox;
  try {
    // All processors: the limit is not what is measured.
    sandbox = await build.library.Sandbox.create({ level: "container", resources: { cpus: 64, memory: "1GiB" } });
  } catch (error) {
    return { name, absent: error instanceof Error ? error.message : String(error) };
  }
  return {
    name,
    run: async () => {
      const execution = await sandbox.exec(["/bin/sh", "-c", `cd /work && ${script}`], { buffer: true });
      const result = await execution.result;
      if (result.exitCode !== 0)
        throw new Error(`${name} ended with ${result.exitCode ?? result.signal}: ${result.stderr}`);
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}
