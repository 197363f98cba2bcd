import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "bulkhead";
import type { Subject } from "../subject.js";

/** As any run, and signed; the record stays in memory, or goes to a file. */
export async function recorded(name: "with a record" | "with a record in a file"): Promise<Subject> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-bench-"));
  const options = name === "with a record" ? {} : { to: directory };
  const once = async () => {
    const { record, exitCode } = await run(["/bin/true"], { level: "container" }, { record: options });
    if (record === null || exitCode !== 0) throw new Error(`${name} ended with ${exitCode}`);
  };
  await once();
  return { name, run: once, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}
