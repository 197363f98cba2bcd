import type { Policy } from "bulkhead";
import { type Build, here, nameOf } from "../build.js";
import type { Absent, Subject } from "../subject.js";

/**
 * Cold: every run creates a sandbox, runs in it, and destroys it. The private broker lives as long as this process, as
 * in any program.
 */
export async function bulkhead(
  level: "chroot" | "container" | "gvisor",
  build: Build = here,
): Promise<Subject | Absent> {
  const name = nameOf(`bulkhead ${level}`, build);
  const policy: Policy = { level };
  const once = async () => {
    const result = await build.library.run(["/bin/true"], policy);
    if (result.exitCode !== 0)
      throw new Error(`${name} ended with ${result.exitCode ?? result.signal}: ${result.stderr}`);
  };
  try {
    await once();
  } catch (error) {
    return { name, absent: error instanceof Error ? error.message : String(error) };
  }
  return { name, run: once, [Symbol.asyncDispose]: async () => {} };
}
