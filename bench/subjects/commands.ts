import { cli, root } from "../environment.js";
import type { Subject } from "../subject.js";
import { spawned } from "./spawned.js";

/** Starting Node alone: no program written for it can be faster. */
export async function nodeAlone(): Promise<Subject> {
  return spawned("node -e 0", [process.execPath, "-e", "0"]);
}

export async function commandLine(): Promise<Subject> {
  return spawned("bulkhead run", [process.execPath, cli, "run", "--level", "container", "--", "true"]);
}

/** The same through the launcher of a checkout, which first looks whether everything is built. */
export async function launcher(): Promise<Subject> {
  return spawned("./bulkhead run", [`${root}bulkhead`, "run", "--level", "container", "--", "true"]);
}
