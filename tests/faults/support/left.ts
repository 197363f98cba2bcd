import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { groupsOf, readKernelFile } from "../../support/host.js";
import { monitorsOf } from "../../support/monitors.js";
import { eventually } from "../../support/time.js";

/**
 * What this process's machines are made of on this host, to be there as long as they run and then no more. Files: where
 * TMPDIR is the test's own.
 */
export class Traces {
  readonly #groups = new Set<string>();
  readonly #mounts = mounts();
  readonly #files = files();

  /** Looks at the machines that run. */
  see(): void {
    for (const pid of monitorsOf()) for (const group of groupsOf(pid)) this.#groups.add(group);
  }

  get groups(): number {
    return this.#groups.size;
  }

  /** Throws unless nothing is left of any machine. */
  async assertGone(): Promise<void> {
    await eventually("every monitor is gone", 5000, () => monitorsOf().length === 0);
    await eventually("their control groups are gone", 5000, () => ![...this.#groups].some((path) => existsSync(path)));
    const left = [...mounts(), ...files()].filter((name) => !this.#mounts.has(name) && !this.#files.has(name));
    if (left.length > 0) throw new Error(`left behind: ${left.join(" ")}`);
  }
}

/** Other tests on this host have mounts of theirs. */
function mounts(): ReadonlySet<string> {
  const lines = readKernelFile("/proc/self/mountinfo").trim().split("\n");
  const ours = lines
    .map((line) => line.split(" ").slice(2, 5).join(" "))
    .filter((line) => /bulkhead|\/vm\//.test(line));
  return new Set(ours);
}

function files(): ReadonlySet<string> {
  const directory = process.env["TMPDIR"];
  return new Set(directory === undefined ? [] : readdirSync(directory).map((name) => join(directory, name)));
}
