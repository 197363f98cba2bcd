import { existsSync, readdirSync } from "node:fs";
import { descendantsOf, groupsOf, isAlive, processesWith, readKernelFile } from "../support/host.js";
import { eventually } from "../support/time.js";

/** tsx and Node keep caches of their own below TMPDIR. */
const CACHES = /^(tsx-|node-compile-cache)/;
const SOON_MS = 10_000;

/** Everything on this host that workers make and that must be gone after them. */
export class Left {
  readonly #temporary: string;
  readonly #marker: string;
  readonly #pids = new Set<number>();
  readonly #groups = new Set<string>();
  readonly #mounts = mounts();

  /** `temporary`: the workers' TMPDIR. `marker`: in the command line of each of their brokers. */
  constructor(temporary: string, marker: string) {
    this.#temporary = temporary;
    this.#marker = marker;
  }

  /** Looks at what runs for a worker now, and returns it: its descendants. */
  see(worker: number): readonly number[] {
    const running = descendantsOf(worker).filter((pid) => pid !== worker);
    for (const pid of running) {
      this.#pids.add(pid);
      for (const group of groupsOf(pid)) this.#groups.add(group);
    }
    return running;
  }

  /** Control groups that were seen and are there now. */
  get groups(): number {
    return [...this.#groups].filter((path) => existsSync(path)).length;
  }

  /** What is still there some seconds after the last worker has ended; a line each. */
  async rest(): Promise<readonly string[]> {
    const rests: readonly (readonly [string, () => readonly (string | number)[]])[] = [
      ["processes", () => [...new Set([...this.#pids].filter(isAlive).concat(processesWith(this.#marker)))]],
      ["control groups", () => [...this.#groups].filter((path) => existsSync(path))],
      ["mounts", () => [...mounts()].filter((mount) => !this.#mounts.has(mount))],
      ["temporary files", () => readdirSync(this.#temporary).filter((name) => !CACHES.test(name))],
    ];
    const lines: string[] = [];
    for (const [what, list] of rests) {
      await eventually(what, SOON_MS, () => list().length === 0).catch(() => {
        lines.push(`${what}: ${list().slice(0, 10).join(" ")}`);
      });
    }
    return lines;
  }
}

function mounts(): ReadonlySet<string> {
  const lines = readKernelFile("/proc/self/mountinfo").trim().split("\n");
  return new Set(
    lines.map((line) => line.split(" ").slice(2, 5).join(" ")).filter((line) => line.includes("bulkhead")),
  );
}
