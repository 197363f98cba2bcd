import { type Build, cliOf, here, nameOf } from "../build.js";
import type { Subject } from "../subject.js";
import { spawned } from "./spawned.js";

const WORD = ["run", "--level", "container"];
const TRUE = ["--", "true"];

/** Starting Node alone: no program written for it can be faster. */
export async function nodeAlone(): Promise<Subject> {
  return spawned("node -e 0", [process.execPath, "-e", "0"]);
}

export async function commandLine(build: Build = here): Promise<Subject> {
  return spawned(nameOf("bulkhead run", build), [process.execPath, cliOf(build), ...WORD, ...TRUE]);
}

/** A command that only prints. */
export async function printed(word: "version" | "--help", build: Build = here): Promise<Subject> {
  return spawned(nameOf(`bulkhead ${word}`, build), [process.execPath, cliOf(build), word]);
}

/** With a rule that no request uses: the cost of having egress ready. */
export async function commandWithEgress(build: Build = here): Promise<Subject> {
  const argv = [process.execPath, cliOf(build), ...WORD, "--allow", "web.test", ...TRUE];
  return spawned(nameOf("bulkhead run --allow", build), argv);
}

/** The same through the launcher of a checkout, which first looks whether everything is built. */
export async function launcher(build: Build = here): Promise<Subject> {
  return spawned(nameOf("./bulkhead run", build), [`${build.root}bulkhead`, ...WORD, ...TRUE]);
}
