import { run } from "bulkhead";
import type { Subject } from "../subject.js";

/** As any run, and signed: the record is made and checked to be there, and written nowhere. */
export async function recorded(): Promise<Subject> {
  const name = "with a record";
  const once = async () => {
    const { record, exitCode } = await run(["/bin/true"], { level: "container" }, { record: {} });
    if (record === null || exitCode !== 0) throw new Error(`${name} ended with ${exitCode}`);
  };
  await once();
  return { name, run: once, [Symbol.asyncDispose]: async () => {} };
}
